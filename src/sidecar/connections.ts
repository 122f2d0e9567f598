import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** The connections of clients, and how many requests are under way on each. */
export class ClientConnections {
  readonly #requests = new Map<Socket, number>()
  #isDraining = false

  get count(): number {
    return this.#requests.size
  }

  add(socket: Socket): void {
    this.#requests.set(socket, 0)
    socket.once('close', () => this.#requests.delete(socket))
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
