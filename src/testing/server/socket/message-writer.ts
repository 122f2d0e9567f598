import type { WebSocket } from 'ws'
import type { JsonObject } from '../../streams.ts'
import type { Connection } from '../connection.ts'
import type { SocketRecord } from '../records.ts'
import { textFrame } from './frames.ts'

/** The sending side of a WebSocket: sends frames, halves of frames, and pongs between whole frames only. */
export class MessageWriter {
  readonly #ws: WebSocket
  readonly #connection: Connection
  readonly #socket: SocketRecord
  #isInsideFrame = false
  #pongs: Buffer[] = []

  constructor(ws: WebSocket, connection: Connection, socket: SocketRecord) {
    this.#ws = ws
    this.#connection = connection
    this.#socket = socket
  }

  /** No close frame was sent or received, and the connection is open. */
  get isOpen(): boolean {
    return this.#connection.open && !this.#connection.halfClosed && this.#ws.readyState === this.#ws.OPEN
  }

  /**
   * Resolves when the operating system has the bytes. The value says whether it accepted them.
   *
   * @param isWhole `false`: they end in the middle of a frame.
   */
  async write(bytes: Uint8Array, isWhole = true): Promise<boolean> {
    if (!this.isOpen) return false
    this.#isInsideFrame = !isWhole
    const written = this.#connection.write(bytes)
    if (isWhole) for (const data of this.#pongs.splice(0)) this.pong(data)
    return written
  }

  /** Sends the events as text messages, without counting them as events of an answer. */
  async sendEvents(events: readonly JsonObject[], raw?: string): Promise<void> {
    const texts = [...events.map((event) => JSON.stringify(event)), ...(raw === undefined ? [] : [raw])]
    if (!(await this.write(Buffer.concat(texts.map(textFrame))))) return
    this.count({
      messages: texts.length,
      bytes: texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0),
      pings: 0,
    })
  }

  /** Counts what was sent. */
  count({
    messages,
    bytes,
    pings,
  }: {
    readonly messages: number
    readonly bytes: number
    readonly pings: number
  }): void {
    this.#socket.sentMessages += messages
    this.#socket.sentBytes += bytes
    this.#socket.sentPings += pings
  }

  pong(data: Buffer): void {
    if (!this.isOpen) return
    if (this.#isInsideFrame) {
      this.#pongs.push(data)
      return
    }
    this.#ws.pong(data)
    this.#socket.sentPongs++
  }

  ping(): void {
    if (!this.isOpen || this.#isInsideFrame) return
    this.#ws.ping()
    this.#socket.sentPings++
  }

  /** Ends the connection without a close frame. */
  end(): void {
    this.#connection.close()
  }
}
