import { createServer, type Server, type Socket } from 'node:net'
import { systemClock } from '../../../src/core/clock.ts'

/** Carries bytes to a port of the loopback, and holds each piece back for a while, in both directions. */
export class SlowProxy implements AsyncDisposable {
  delayMs = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(toPort: number) {
    this.#server = createServer((from) => {
      const to = new (from.constructor as typeof Socket)().connect(toPort, '127.0.0.1')
      this.#pipe(from, to)
      this.#pipe(to, from)
    })
  }

  static async start(toPort: number): Promise<SlowProxy> {
    const proxy = new SlowProxy(toPort)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : -1
  }

  #pipe(from: Socket, to: Socket): void {
    this.#sockets.add(from)
    from.on('data', (piece) => void systemClock.setTimer(() => to.writable && to.write(piece), this.delayMs))
    from.on('error', () => {})
    from.on('close', () => {
      this.#sockets.delete(from)
      to.destroy()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
