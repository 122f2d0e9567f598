import type { ServerResponse } from 'node:http'
import type { Connection } from './connection.ts'
import type { RequestRecord } from './records.ts'
import { defaultErrorBody } from './upstream-errors.ts'

/** How the end of a streamed body is told: by chunks, or only by the end of the connection. */
export type Framing = 'chunked' | 'until_close'

/** The writing side of one request. Nothing here waits for longer than the connection is open. */
export class Answer {
  readonly #response: ServerResponse
  readonly #connection: Connection
  readonly #request: RequestRecord
  readonly #notifyHeaders: () => void
  #length: number | undefined

  constructor(response: ServerResponse, connection: Connection, request: RequestRecord, notifyHeaders: () => void) {
    this.#response = response
    this.#connection = connection
    this.#request = request
    this.#notifyHeaders = notifyHeaders
  }

  get underWay(): boolean {
    return this.#response.headersSent && !this.#response.writableEnded
  }

  /** The head of a body whose length is not told. */
  startStream(framing: Framing): void {
    // Without this header and without a length, only the end of the connection ends the body.
    if (framing === 'until_close') this.#response.removeHeader('transfer-encoding')
    this.#start(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' })
    this.#response.flushHeaders()
  }

  /** The head of a JSON body; answers its bytes. */
  startJson(status: number, body: unknown): Buffer {
    const bytes = Buffer.from(JSON.stringify(body))
    this.#length = bytes.length
    this.#start(status, { 'content-type': 'application/json', 'content-length': String(bytes.length) })
    this.#response.flushHeaders()
    return bytes
  }

  /** A whole answer that a fault ordered. */
  async sendStatus(status: number, headers: Readonly<Record<string, string>>, body: unknown): Promise<void> {
    const given = body ?? (status >= 400 ? defaultErrorBody(status) : undefined)
    const isText = typeof given === 'string'
    const text = given === undefined ? '' : isText ? given : JSON.stringify(given)
    const type =
      given === undefined ? {} : { 'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json' }
    const length = status === 204 || status === 304 ? {} : { 'content-length': String(Buffer.byteLength(text)) }
    this.#start(status, { ...type, ...length, ...headers })
    if (text !== '') this.#response.write(text)
    await this.finish()
  }

  /** Resolves when the operating system has the bytes; answers whether it took them. */
  write(bytes: string | Uint8Array): Promise<boolean> {
    return this.#settled((done) => this.#response.write(bytes, done))
  }

  /** Answers whether the whole answer has gone out. */
  finish(): Promise<boolean> {
    return this.#settled((done) => this.#response.end(done))
  }

  /** As if the body were complete; where it has a length that cannot be pretended, and the connection is closed. */
  async endEarly(): Promise<void> {
    if (this.underWay && this.#length === undefined) await this.finish()
    else this.#connection.close()
  }

  #start(status: number, headers: Record<string, string>): void {
    const id = `req_${this.#request.number.toString(16).padStart(32, '0')}`
    this.#response.writeHead(status, { 'x-request-id': id, 'openai-processing-ms': '12', ...headers })
    this.#request.status = status
    this.#notifyHeaders()
  }

  #settled(act: (done: (error?: Error | null) => void) => void): Promise<boolean> {
    const connection = this.#connection
    if (!connection.open || connection.halfClosed) return Promise.resolve(false)
    return new Promise((resolve) => {
      const unwatch = connection.onClosed(() => resolve(false))
      act((error) => {
        unwatch()
        resolve(!error)
      })
    })
  }
}
