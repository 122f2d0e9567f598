import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import type { Clock } from '../../../core/clock.ts'
import type { JsonObject } from '../../streams.ts'
import type { Connection } from '../connection.ts'
import { asObject, create } from '../create.ts'
import type { ExchangeParts } from '../exchange.ts'
import type { PlannedFault } from '../fault-plan.ts'
import type { Journal } from '../journal.ts'
import type { RequestRecord, SocketRecord } from '../records.ts'
import { json, type Reply, type ReplyContext } from '../reply.ts'
import { parseBody } from '../request-body.ts'
import type { Refusal } from '../strict.ts'
import { errorBody } from '../upstream-errors.ts'
import type { SocketControls } from './controls.ts'
import { Lane, Lanes } from './lanes.ts'
import { MessageWriter } from './message-writer.ts'
import { SocketAnswer } from './socket-answer.ts'

/** What a session needs from the server. */
export interface SessionHost {
  readonly clock: Clock
  readonly journal: Journal
  readonly context: ReplyContext
  readonly maxAgeMs: number
  readonly lanes: boolean
  /** Applies the faults of one request and answers it. Never rejects. */
  serve(parts: ExchangeParts, promised: PlannedFault[] | undefined): Promise<void>
  /** Called when a function of the user has thrown. */
  fail(error: unknown, connection: Connection): void
}

export interface SessionParts {
  readonly ws: WebSocket
  readonly connection: Connection
  readonly record: SocketRecord
  /** The head of the upgrade. */
  readonly message: IncomingMessage
}

/** Close codes that `ws` sends when the client violated the protocol. */
const CODE_OF_ERROR: Readonly<Record<string, number>> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
  WS_ERR_INVALID_UTF8: 1007,
}

/** One open WebSocket: reads its messages and answers them. */
export class SocketSession implements SocketControls {
  readonly record: SocketRecord
  readonly #host: SessionHost
  readonly #ws: WebSocket
  readonly #connection: Connection
  readonly #message: IncomingMessage
  readonly #writer: MessageWriter
  readonly #lanes: Lanes
  /** Faults that are reserved for the first request. */
  #promised: PlannedFault[] | undefined
  #ignoresPings = false

  /** @param promised faults that are reserved for the first request, in place of the plan. */
  constructor(host: SessionHost, parts: SessionParts, promised: PlannedFault[] | undefined) {
    const { ws, connection, record, message } = parts
    this.#host = host
    this.#ws = ws
    this.#connection = connection
    this.#message = message
    this.record = record
    this.#promised = promised
    this.#writer = new MessageWriter(ws, connection, record)
    this.#lanes = new Lanes(host.lanes, () => {
      record.latestResponseId = this.#lanes.default.latest
    })
    this.#watch()
  }

  // Called by faults and tests.

  close(code: number, reason?: string): void {
    if (!this.#writer.isOpen) return
    this.record.closeCode ??= code
    this.#connection.closedBy ??= 'server'
    this.#ws.close(code, reason)
  }

  endLife(as: 'error' | 'close'): void {
    const { code, message } = LIMIT
    if (as === 'error') {
      void this.sendEvents([{ type: 'error', status: 400, ...errorBody('invalid_request_error', message, code) }])
    }
    this.close(1001, as === 'close' ? code : undefined)
  }

  ignorePings(): void {
    this.#ignoresPings = true
  }

  pause(): void {
    this.#ws.pause()
  }

  resume(): void {
    this.#ws.resume()
  }

  ping(): void {
    this.#writer.ping()
  }

  sendEvents(events: readonly JsonObject[], raw?: string): Promise<void> {
    return this.#writer.sendEvents(events, raw)
  }

  #watch(): void {
    const { record } = this
    const { journal } = this.#host
    this.#ws.on('message', (data: Buffer) => {
      record.receivedMessages++
      record.receivedBytes += data.length
      // A server discards messages that arrive after its own close frame.
      if (!this.#writer.isOpen) return
      this.#receive(data).catch((error) => this.#host.fail(error, this.#connection))
    })
    this.#ws.on('ping', (data: Buffer) => {
      record.receivedPings++
      if (!this.#ignoresPings) this.#writer.pong(data)
      journal.waiters.notify('ping')
    })
    this.#ws.on('pong', () => void record.receivedPongs++)
    this.#ws.on('error', (error: Error & { code?: string }) => {
      if (error.code?.startsWith('WS_ERR_') !== true) return
      record.closeCode ??= CODE_OF_ERROR[error.code] ?? 1002
      this.#connection.closedBy ??= 'server'
    })
    this.#ws.on('close', (code: number) => {
      // 1006: there was no close frame.
      if (code !== 1006) record.closeCode ??= code
    })
  }

  /** Parses the messages in order, so they reach their lanes in the order in which they arrived. */
  async #receive(bytes: Buffer): Promise<void> {
    const body = { bytes, json: await parseBody(bytes, undefined) }
    const message = asObject(body.json)
    const request = this.#host.journal.request(this.#message, this.#connection, this.record)
    const promised = this.#promised
    this.#promised = undefined
    for (const planned of promised ?? []) planned.taker = request
    const found = this.#lanes.of(message?.stream_id)
    const lane = found instanceof Lane ? found : new Lane(undefined, () => {})
    const notifyHeaders = () => this.#host.journal.waiters.notify('headers_sent')
    const parts: ExchangeParts = {
      connection: this.#connection,
      request,
      socket: this,
      answer: new SocketAnswer(this.#writer, request, lane, message?.stream_id, notifyHeaders),
      receive: async () => body,
      reply: (each) => this.#reply(each, found),
    }
    await this.#lanes.run(lane, () => this.#host.serve(parts, promised))
    if (this.#isOld && request.status === 400 && request.outcome === 'complete') this.close(1001)
  }

  async #reply(request: RequestRecord, found: Lane | Refusal): Promise<Reply> {
    if (this.#isOld) return json(400, errorBody('invalid_request_error', LIMIT.message, LIMIT.code))
    if (!(found instanceof Lane)) return json(found.status, found.body)
    const body = asObject(request.json)
    if (body !== undefined && body.type !== 'response.create') {
      const message = `Invalid value for 'type': expected 'response.create', but got ${JSON.stringify(body.type)} instead.`
      return json(400, errorBody('invalid_request_error', message, 'invalid_value', 'type'))
    }
    if (body?.background === true) {
      const message = "'background' is not supported on WebSocket connections."
      return json(400, errorBody('invalid_request_error', message, 'unsupported_parameter', 'background'))
    }
    return create(request, this.#host.context, found)
  }

  get #isOld(): boolean {
    const { maxAgeMs, clock } = this.#host
    return maxAgeMs > 0 && clock.now() - (this.record.openedAt ?? 0) >= maxAgeMs
  }
}

const LIMIT = {
  code: 'websocket_connection_limit_reached',
  message: 'This WebSocket connection has reached its limit of 60 minutes. Open a new connection to continue.',
} as const
