import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { BufferedBytes } from '../request-body.ts'

export interface ClientSocketEvents {
  /** A whole message. Its bytes are held until `release()`. */
  onMessage(message: ReceivedMessage): void
  /** The client is gone, or was sent away. Nothing can be sent any more. */
  onClosed(): void
}

export interface ReceivedMessage {
  readonly text: string
  release(): void
}

/** A frame of a client has so many bytes of header at most. */
const FRAME_HEADER_BYTES = 14

/** A client that leaves so much unread gets no more answers to its pings. Bytes. */
const MOST_UNREAD_BYTES = 64 * 1024

const GOING_AWAY = 1001
const BROKE_OFF = 1011
const POLICY = 1008
const TRY_AGAIN_LATER = 1013

/** The WebSocket of a client: what it has sent and not yet completed is counted, and what it does not read is waited for. */
export class ClientSocket {
  readonly #ws: WebSocket
  readonly #socket: Duplex
  readonly #buffered: BufferedBytes
  readonly #events: ClientSocketEvents
  /** Bytes of a message that is not complete yet. */
  #incomplete = 0

  constructor(
    ws: WebSocket,
    { socket, buffered, events }: { socket: Duplex; buffered: BufferedBytes; events: ClientSocketEvents },
  ) {
    this.#ws = ws
    this.#socket = socket
    this.#buffered = buffered
    this.#events = events
    // `ws` collects the fragments of a message, and counts them for one socket at a time.
    socket.prependListener('data', (bytes: Buffer) => this.#count(bytes.length))
    ws.on('message', (data: Buffer) => this.#received(data))
    ws.on('ping', (data: Buffer) => {
      this.#uncount(data.length + FRAME_HEADER_BYTES)
      if (socket.writableLength <= MOST_UNREAD_BYTES) ws.pong(data)
    })
    ws.on('pong', (data: Buffer) => this.#uncount(data.length + FRAME_HEADER_BYTES))
    // What is wrong with a frame is told to the client by the code of the close frame, which `ws` sends.
    ws.on('error', () => {})
    ws.on('close', () => {
      this.#uncount(this.#incomplete)
      events.onClosed()
    })
  }

  get isOpen(): boolean {
    return this.#ws.readyState === this.#ws.OPEN
  }

  /** The client has not yet read what was sent to it. */
  get isBehind(): boolean {
    return this.#socket.writableNeedDrain
  }

  /** Resolves when the client can take more; at once, mostly. */
  send(text: string): Promise<void> | undefined {
    if (!this.isOpen) return undefined
    // Told when it is closed.
    this.#ws.send(text, () => {})
    if (!this.#socket.writableNeedDrain) return undefined
    return new Promise((resolve) => {
      const go = (): void => {
        this.#socket.off('drain', go)
        this.#socket.off('close', go)
        resolve()
      }
      this.#socket.on('drain', go)
      this.#socket.on('close', go)
    })
  }

  /** @param text a message; without one a ping. */
  signOfLife(text: string | undefined): void {
    if (!this.isOpen) return
    if (text === undefined) this.#ws.ping()
    else this.#ws.send(text, () => {})
  }

  /** The sidecar is shutting down. */
  goAway(): void {
    this.#ws.close(GOING_AWAY)
  }

  /** A response broke after a part of it was sent. */
  breakOff(): void {
    this.#ws.close(BROKE_OFF, 'the response broke off')
  }

  /** More requests than the sidecar takes from one client. */
  closeAsFlood(): void {
    this.#ws.close(POLICY, 'too many requests under way')
  }

  destroy(): void {
    this.#ws.terminate()
  }

  #received(data: Buffer): void {
    this.#uncount(this.#incomplete)
    const { length } = data
    let isHeld = this.#buffered.take(length)
    this.#events.onMessage({
      text: data.toString(),
      release: () => {
        if (isHeld) this.#buffered.give(length)
        isHeld = false
      },
    })
  }

  #count(bytes: number): void {
    if (!this.isOpen) return
    if (this.#buffered.take(bytes)) this.#incomplete += bytes
    else this.#ws.close(TRY_AGAIN_LATER, 'the memory for requests is full')
  }

  #uncount(bytes: number): void {
    const given = Math.min(bytes, this.#incomplete)
    this.#incomplete -= given
    this.#buffered.give(given)
  }
}
