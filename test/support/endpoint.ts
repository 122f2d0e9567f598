import { systemClock } from '../../src/core/clock.ts'
import type { RawRequest } from './http-request.ts'
import type { RawConnection } from './raw-server.ts'
import { RawServer, type RawServerOptions } from './raw-server.ts'

/** Chunked pieces of a body, each in a write of its own. */
export function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
}

export const LAST_CHUNK = '0\r\n\r\n'
export const CHUNKED_HEAD = 'HTTP/1.1 200 OK\r\nX-Test: Yes\r\nTransfer-Encoding: chunked\r\n\r\n'

const LATE_MS = 20

/** A real server that does what the path of a request says (see `Behaviour` of the contract). */
export async function startEndpoint(options: Omit<RawServerOptions, 'onConnection'> = {}): Promise<{
  readonly server: RawServer
  readonly requests: readonly RawRequest[]
}> {
  const requests: RawRequest[] = []
  const server = await RawServer.answering(async (request, connection) => {
    requests.push(request)
    await behave(request.path.slice(1), connection)
  }, options)
  return { server, requests }
}

async function behave(behaviour: string, connection: RawConnection): Promise<void> {
  if (behaviour === 'silent') return
  connection.write(CHUNKED_HEAD)
  if (behaviour === 'head') return
  if (behaviour === 'endless') {
    await pour(connection)
    return
  }
  connection.write(chunk('one'))
  if (behaviour === 'part') return
  await afterAWhile()
  if (behaviour === 'cut') {
    connection.reset()
    return
  }
  connection.write(chunk('two'))
  connection.write(chunk('three'))
  connection.write(LAST_CHUNK)
}

/** Data for as long as somebody takes it. */
async function pour(connection: RawConnection): Promise<void> {
  const piece = chunk('x'.repeat(1000))
  while (!connection.ended && !connection.closed) {
    const isTaken = connection.socket.write(piece)
    await (isTaken
      ? new Promise<void>((resolve) => systemClock.afterIO(resolve))
      : new Promise<void>((resolve) => {
          connection.socket.once('drain', resolve)
          connection.socket.once('close', resolve)
        }))
  }
}

function afterAWhile(): Promise<void> {
  return new Promise((resolve) => void systemClock.setTimer(resolve, LATE_MS))
}
