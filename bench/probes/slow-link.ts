import { once } from 'node:events'
import net from 'node:net'

export interface LinkOptions {
  /** Milliseconds of a round trip. */
  readonly roundTripMs: number
  /** Whether a sender has a window as TCP has. Otherwise everything is under way at once. */
  readonly hasWindow: boolean
}

export interface SlowLink {
  readonly port: number
  /** Bytes that the clients have sent. */
  readonly bytesUp: number
}

/** Ten segments (RFC 6928). */
const INITIAL_BYTES = 10 * 1460
/** A window that was not used for longer begins anew (RFC 5681, 4.1): the least timeout of Linux and a round trip. */
const RESTART_MS = 250

/** How much a sender may have under way: TCP in slow start, with nothing lost. */
export class SendWindow {
  #bytes = INITIAL_BYTES
  #underWay = 0
  #lastSentAt = Number.NEGATIVE_INFINITY

  /** @returns how many of the bytes may leave now. */
  take(bytes: number, now: number): number {
    if (this.#underWay === 0 && now - this.#lastSentAt > RESTART_MS) this.#bytes = INITIAL_BYTES
    const taken = Math.min(bytes, this.#bytes - this.#underWay)
    if (taken === 0) return 0
    this.#underWay += taken
    this.#lastSentAt = now
    return taken
  }

  /** They arrived: the window grows by as many, so it doubles with each round trip. */
  acknowledge(bytes: number): void {
    this.#underWay -= bytes
    this.#bytes += bytes
  }
}

/** A proxy that hands on what it receives as a link with a long round trip would. */
export async function openLink(to: number, { roundTripMs, hasWindow }: LinkOptions): Promise<SlowLink> {
  let bytesUp = 0
  const server = net.createServer((client) => {
    const upstream = net.connect(to, '127.0.0.1')
    for (const socket of [client, upstream]) socket.setNoDelay(true)
    const direction = () => (hasWindow ? new SendWindow() : undefined)
    client.on('data', (chunk) => {
      bytesUp += chunk.length
    })
    // What a client sends first leaves after the round trip of its connect.
    carry(client, upstream, { roundTripMs, window: direction(), openAt: performance.now() + roundTripMs })
    carry(upstream, client, { roundTripMs, window: direction(), openAt: 0 })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as net.AddressInfo).port,
    get bytesUp() {
      return bytesUp
    },
  }
}

interface Way {
  readonly roundTripMs: number
  readonly window: SendWindow | undefined
  /** Nothing leaves before that instant. */
  readonly openAt: number
}

function carry(from: net.Socket, to: net.Socket, { roundTripMs, window, openAt }: Way): void {
  let waiting: Buffer = Buffer.alloc(0)
  const after = (ms: number, act: () => void) => void setTimeout(act, ms)
  const leave = (): void => {
    const now = performance.now()
    if (now < openAt) {
      after(openAt - now, leave)
      return
    }
    const bytes = window?.take(waiting.length, now) ?? waiting.length
    if (bytes === 0) return
    const sent = waiting.subarray(0, bytes)
    waiting = waiting.subarray(bytes)
    after(roundTripMs / 2, () => to.write(sent))
    if (window === undefined) return
    after(roundTripMs, () => {
      window.acknowledge(bytes)
      leave()
    })
  }
  from.on('data', (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk])
    leave()
  })
  from.on('error', () => {})
  from.on('close', () => after(roundTripMs / 2, () => to.destroy()))
}
