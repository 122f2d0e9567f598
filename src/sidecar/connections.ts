import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** So many connections above the bound are still told that they are too many. Further ones are closed without an answer. */
export const MOST_REFUSED = 64

/** The connections of clients, and how many requests are under way on each. */
export class ClientConnections {
  readonly #most: number
  readonly #requests = new Map<Socket, number>()
  /** Came while there were `most` connections already. */
  readonly #late = new WeakSet<Socket>()
  #isDraining = false

  constructor(most: number) {
    this.#most = most
  }

  get count(): number {
    return this.#requests.size
  }

  add(socket: Socket): void {
    if (this.#requests.size >= this.#most) this.#late.add(socket)
    this.#requests.set(socket, 0)
    socket.once('close', () => this.#requests.delete(socket))
  }

  /** The connection came when there were too many, and there still are. */
  isTooMany(socket: Socket): boolean {
    return this.#late.has(socket) && this.#requests.size > this.#most
  }

  /** A request has come; it is over when its answer was sent, or cannot be sent any more. */
  begin(socket: Socket, response: ServerResponse): void {
    this.#change(socket, 1)
    response.once('close', () => {
      this.#change(socket, -1)
      // Closes the connection once what was written has left.
      if (this.#isDraining && this.#requests.get(socket) === 0) socket.destroySoon()
    })
  }

  /** Closes connections without a request now, and each other one after its last request. */
  drain(): void {
    this.#isDraining = true
    for (const [socket, requests] of this.#requests) if (requests === 0) socket.destroy()
  }

  /** Resolves when all are closed. */
  async destroy(): Promise<void> {
    const sockets = [...this.#requests.keys()]
    const gone = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)))
    for (const socket of sockets) socket.destroy()
    await Promise.all(gone)
  }

  #change(socket: Socket, by: 1 | -1): void {
    const requests = this.#requests.get(socket)
    if (requests !== undefined) this.#requests.set(socket, requests + by)
  }
}
