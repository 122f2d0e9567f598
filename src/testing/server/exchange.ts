import type { Clock } from '../../core/clock.ts'
import type { Answer, Framing } from './answer.ts'
import type { Connection } from './connection.ts'
import type { FaultPlan, PlannedFault } from './fault-plan.ts'
import type { RequestPoint } from './faults.ts'
import { passTurns, waitWhileOpen } from './holds.ts'
import type { Outcome, RequestRecord } from './records.ts'
import type { Reply } from './reply.ts'
import { countInputTokens, type ReceivedBody } from './request-body.ts'
import type { SocketControls } from './socket/controls.ts'
import { ONLY_ON_SOCKETS } from './socket/effects.ts'
import type { Struck, Verdict } from './strike.ts'
import { errorBody } from './upstream-errors.ts'

export interface ExchangeOptions {
  readonly framing: Framing
  readonly eventsPerWrite: number
  readonly eventDelayMs: number
  ttfbMs(request: RequestRecord): number
}

/** What an exchange needs from the server. */
export interface ExchangeHost {
  readonly clock: Clock
  readonly plan: FaultPlan
  readonly options: ExchangeOptions
  /** The body has arrived, which may name the call. */
  received(request: RequestRecord): void
  sent(request: RequestRecord): void
  ended(request: RequestRecord, connection: Connection): void
  strike(planned: PlannedFault, struck: Struck, request: RequestRecord): Promise<Verdict>
  /** A function of the test threw, or the server has a bug. */
  failed(error: unknown): void
}

/** One request, with its connection and its answer. */
export interface ExchangeParts {
  readonly connection: Connection
  readonly request: RequestRecord
  readonly answer: Answer
  /** Set for a message on a WebSocket. */
  readonly socket?: SocketControls | undefined
  /** Reads the body; `undefined` if the client went away in the middle of it. */
  receive(): Promise<ReceivedBody | undefined>
  /** The answer of the endpoint without faults. */
  reply(request: RequestRecord): Promise<Reply>
}

/** An event of the answer, by which faults find it. */
interface EventOfAnswer {
  /** From 0. */
  readonly number: number
  /** Of the event. `undefined`: it has none, as a JSON answer. */
  readonly type: unknown
}

const FIRST: EventOfAnswer = { number: 0, type: undefined }

/** Thrown to end an exchange when nothing more can be sent. */
const STOP = Symbol('stop')

/** Takes one request through all points where faults can strike, and sends its answer. */
export class Exchange {
  readonly #host: ExchangeHost
  readonly #parts: ExchangeParts
  readonly #connection: Connection
  readonly #request: RequestRecord
  readonly #answer: Answer
  /** Faults that were reserved for this request by its connection, in place of the plan. */
  readonly #promised: PlannedFault[] | undefined
  #faults: PlannedFault[]

  constructor(host: ExchangeHost, parts: ExchangeParts, promised: PlannedFault[] | undefined) {
    this.#host = host
    this.#parts = parts
    this.#connection = parts.connection
    this.#request = parts.request
    this.#answer = parts.answer
    this.#promised = promised
    this.#faults = [...(promised ?? [])]
  }

  /** Does not reject for a failure on the wire. */
  async run(): Promise<void> {
    // The message may have waited for the previous one on its lane.
    if (!this.#connection.open) return this.#endUnanswered()
    const unwatch = this.#connection.onClosed(() => this.#endUnanswered())
    try {
      await this.#receive()
      await this.#pass('headers')
      await this.#send(await this.#parts.reply(this.#request))
      await this.#pass('after_terminal')
      if (!(await this.#answer.finish())) throw STOP
      this.#end('complete')
      await this.#pass('after_response')
    } catch (error) {
      if (error === STOP) return this.#endUnanswered()
      if (this.#request.status === undefined) return this.#answerCrash(error)
      this.#end('server_closed')
      throw error
    } finally {
      unwatch()
    }
  }

  async #receive(): Promise<void> {
    const early = this.#promised ? { faults: [], final: true } : this.#host.plan.takeForRequest(this.#request, true)
    this.#faults.push(...early.faults)
    await this.#pass('request_body')
    const received = await this.#parts.receive()
    if (received === undefined) throw STOP
    const request = this.#request
    request.body = received.bytes
    request.json = received.json
    request.inputTokens = countInputTokens(request.json)
    this.#host.received(request)
    if (early.final) return
    this.#faults.push(...this.#host.plan.takeForRequest(request, false).faults)
    // Faults chosen by the body, which is already read.
    await this.#pass('request_body')
  }

  async #send(reply: Reply): Promise<void> {
    const { ttfbMs, framing } = this.#host.options
    if (reply.kind === 'events') {
      this.#answer.startStream(framing)
      await this.#wait(ttfbMs(this.#request))
      await this.#sendEvents(reply)
      return
    }
    if (reply.slow) await this.#wait(ttfbMs(this.#request))
    reply.sent?.()
    const bytes = this.#answer.startJson(reply.status, reply.body)
    await this.#pass('before_event', FIRST)
    await this.#sendFrame(bytes, FIRST)
  }

  async #sendEvents({ log, from, paced, encode, sent }: Extract<Reply, { kind: 'events' }>): Promise<void> {
    const { eventsPerWrite, eventDelayMs } = this.#host.options
    let merged: Buffer[] = []
    const flush = async () => {
      if (merged.length === 0) return
      const count = merged.length
      const bytes = Buffer.concat(merged)
      merged = []
      await this.#write(bytes)
      this.#request.sentEvents += count
      this.#host.sent(this.#request)
      // Lets a client in the same process read this write before the next one.
      await passTurns(this.#host.clock, 1)
    }
    for (let number = 0; ; number++) {
      const index = from + number
      if (!log.settledAt(index)) await flush()
      const event = await log.at(index, this.#connection)
      if (event === undefined) break
      if (paced && number > 0 && eventDelayMs > 0) {
        await flush()
        await this.#wait(eventDelayMs)
      }
      const which: EventOfAnswer = { number, type: event.type }
      if (this.#isDue('before_event', which)) {
        await flush()
        await this.#pass('before_event', which)
      }
      if (log.isLast(index)) sent?.()
      if (this.#isDue('inside_event', which)) {
        await flush()
        await this.#sendFrame(this.#answer.frame(event, encode), which)
        continue
      }
      merged.push(this.#answer.frame(event, encode))
      if (merged.length >= eventsPerWrite) await flush()
    }
    await flush()
    if (!this.#connection.open) throw STOP
  }

  /** Sends one frame. Faults at `inside_event` strike after half of it. */
  async #sendFrame(frame: Buffer, which: EventOfAnswer): Promise<void> {
    const half = this.#isDue('inside_event', which) ? frame.length >> 1 : 0
    if (half > 0) {
      await this.#write(frame.subarray(0, half), false)
      await this.#pass('inside_event', which)
    }
    await this.#write(frame.subarray(half))
    this.#request.sentEvents++
    this.#host.sent(this.#request)
  }

  async #write(bytes: Uint8Array, isWhole = true): Promise<void> {
    if (!(await this.#answer.write(bytes, isWhole))) throw STOP
  }

  async #wait(ms: number): Promise<void> {
    if (ms > 0 && !(await waitWhileOpen(this.#connection, this.#host.clock, ms))) throw STOP
  }

  #isDue(point: RequestPoint, event?: EventOfAnswer): boolean {
    return this.#faults.some((planned) => this.#strikesAt(planned, point, event))
  }

  #strikesAt({ fault }: PlannedFault, point: RequestPoint, event: EventOfAnswer | undefined): boolean {
    if (fault.at !== point) return false
    if (fault.at === 'before_event' || fault.at === 'inside_event') {
      if (fault.type === undefined ? fault.event !== event?.number : fault.type !== event?.type) return false
    }
    return this.#parts.socket !== undefined || !ONLY_ON_SOCKETS.has(fault.effect)
  }

  /** Lets all faults strike that are due at a point. */
  async #pass(point: RequestPoint, event?: EventOfAnswer): Promise<void> {
    const due = this.#faults.filter((planned) => this.#strikesAt(planned, point, event))
    if (due.length === 0) return
    this.#faults = this.#faults.filter((planned) => !due.includes(planned))
    for (const planned of due) {
      const verdict = await this.#host.strike(planned, this.#parts, this.#request)
      if (verdict === 'go_on') continue
      this.#end(planned.fault.effect === 'status' ? 'complete' : 'cut')
      throw STOP
    }
  }

  /** A function of the test threw before the answer began. An answer says more than a closed connection would. */
  async #answerCrash(error: unknown): Promise<void> {
    this.#host.failed(error)
    const body = errorBody('server_error', `The mock server failed: ${String(error)}`, 'mock_server_failed')
    await this.#answer.sendStatus(500, { 'x-should-retry': 'false' }, body)
    this.#end('complete')
  }

  #endUnanswered(): void {
    const { dropped, halfClosed, closedBy } = this.#connection
    this.#end(dropped ? 'server_closed' : halfClosed || closedBy === 'server' ? 'cut' : 'client_gone')
  }

  #end(outcome: Outcome): void {
    if (this.#request.outcome !== 'pending') return
    this.#request.outcome = outcome
    this.#host.ended(this.#request, this.#connection)
  }
}
