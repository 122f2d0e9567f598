import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Up to this many connections above the limit get an answer that says so. Further ones are closed without an answer. */
export const MOST_REFUSED = 64

/** The connections of clients, and the number of requests under way on each. */
export class ClientConnections {
  readonly #most: number
  readonly #requests = new Map<Socket, number>()
  /** Connections that arrived above the limit. */
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

  /** The connection arrived above the limit, and the limit is still exceeded. */
  isTooMany(socket: Socket): boolean {
    return this.#late.has(socket) && this.#requests.size > this.#most
  }

  /** Counts a request until its answer was sent or the connection was closed. */
  begin(socket: Socket, response: ServerResponse): void {
    this.#change(socket, 1)
    response.once('close', () => {
      this.#change(socket, -1)
      // Closes the connection after the written bytes were sent.
      if (this.#isDraining && this.#requests.get(socket) === 0) socket.destroySoon()
    })
  }

  /** The connection is a WebSocket now: closed by who took it. Returns the function that lets it go. */
  hold(socket: Socket): () => void {
    this.#change(socket, 1)
    return () => this.#change(socket, -1)
  }

  /** Closes connections without a request now, and the others after their last request. */
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
