import { liveBytes } from '../../e2e/support/collect-garbage.ts'
import type { RawConnection } from '../../support/raw-server.ts'
import { turns } from '../../support/until.ts'

const MIB = 1024 * 1024

/** What a flood came to: how much was sent, and how much more was alive at most while it ran. */
export interface Flood {
  sent: number
  grown: number
}

/** Sends `piece` again and again, as fast as it is taken: until `most` bytes are out, nobody takes more, or nobody is there. */
export async function pour(connection: RawConnection, piece: Uint8Array, most: number, flood: Flood): Promise<void> {
  const { socket } = connection
  const before = liveBytes()
  let measuredAt = 0
  while (flood.sent < most && !connection.ended && !connection.closed) {
    const taken = socket.write(piece)
    flood.sent += piece.length
    if (flood.sent - measuredAt > 8 * MIB) {
      measuredAt = flood.sent
      flood.grown = Math.max(flood.grown, liveBytes() - before)
    }
    if (taken) await turns(1)
    else if (!(await drained(connection))) return
  }
}

/** Whether the socket takes more, before so many turns have passed that nobody reads. */
async function drained({ socket }: RawConnection): Promise<boolean> {
  for (let turn = 0; turn < 20_000; turn++) {
    if (socket.destroyed || socket.writableLength === 0) return !socket.destroyed
    await turns(1)
  }
  return false
}
