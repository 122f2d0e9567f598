import type { ServerResponse } from 'node:http'
import { type JsonObject, sseFrame } from '../streams.ts'
import { type Answer, type Framing, statusAnswer, withResponseId } from './answer.ts'
import type { Connection } from './connection.ts'
import type { RequestRecord } from './records.ts'
import { defaultErrorBody } from './upstream-errors.ts'

/** The answer to a request over HTTP. */
export class HttpAnswer implements Answer {
  readonly onSocket = undefined
  readonly #response: ServerResponse
  readonly #connection: Connection
  readonly #request: RequestRecord
  readonly #notifyHeaders: () => void
  #length: number | undefined
  #responseId: string | undefined

  constructor(response: ServerResponse, connection: Connection, request: RequestRecord, notifyHeaders: () => void) {
    this.#response = response
    this.#connection = connection
    this.#request = request
    this.#notifyHeaders = notifyHeaders
  }

  startStream(framing: Framing): void {
    // Without this header and without a length, only the end of the connection ends the body.
    if (framing === 'until_close') this.#response.removeHeader('transfer-encoding')
    this.#start(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' })
    this.#response.flushHeaders()
  }

  startJson(status: number, body: unknown): Buffer {
    const bytes = Buffer.from(JSON.stringify(body))
    this.#length = bytes.length
    this.#start(status, { 'content-type': 'application/json', 'content-length': String(bytes.length) })
    this.#response.flushHeaders()
    return bytes
  }

  frame(event: JsonObject, encode: (event: JsonObject) => string): Buffer {
    return Buffer.from(encode(withResponseId(event, this.#responseId)))
  }

  write(bytes: string | Uint8Array): Promise<boolean> {
    return this.#settled((done) => this.#response.write(bytes, done))
  }

  finish(): Promise<boolean> {
    return this.#settled((done) => this.#response.end(done))
  }

  async sendStatus(status: number, headers: Readonly<Record<string, string>>, body: unknown): Promise<void> {
    const answer = statusAnswer(status, headers, body ?? (status >= 400 ? defaultErrorBody(status) : undefined))
    this.#start(status, answer.headers)
    if (answer.text !== '') this.#response.write(answer.text)
    await this.finish()
  }

  async sendEvents(events: readonly JsonObject[], raw = ''): Promise<void> {
    await this.write(events.map(sseFrame).join('') + raw)
  }

  async endEarly(): Promise<void> {
    const isUnderWay = this.#response.headersSent && !this.#response.writableEnded
    if (isUnderWay && this.#length === undefined) await this.finish()
    else this.#connection.close()
  }

  renameResponse(id: string): void {
    this.#responseId = id
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
