import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Clock, systemClock } from '../../core/clock.ts'
import { Answer } from './answer.ts'
import type { Connection } from './connection.ts'
import { Exchange, type ExchangeHost } from './exchange.ts'
import { FaultPlan, type PlannedFault } from './fault-plan.ts'
import { FrontDoor } from './front-door.ts'
import { Holds, passTurns, waitWhileOpen } from './holds.ts'
import { Journal } from './journal.ts'
import type { MockServerOptions } from './options.ts'
import type { RequestRecord } from './records.ts'
import { echoStream, reply } from './replies.ts'
import { ResponseStore } from './response-store.ts'
import { strike, type Verdict } from './strike.ts'

/** Takes connections and requests from the front door through their faults to their answers. */
export class Engine {
  readonly journal: Journal
  readonly plan: FaultPlan
  readonly holds: Holds
  readonly store = new ResponseStore()
  readonly door: FrontDoor
  /** The first error that came out of a function of the user. */
  failure: { readonly error: unknown } | undefined
  readonly #options: MockServerOptions
  readonly #clock: Clock
  readonly #host: ExchangeHost
  readonly #underWay = new Set<Promise<void>>()
  /** What the first request of a connection will meet. */
  readonly #waiting = new Map<Connection, PlannedFault[]>()

  constructor(options: MockServerOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.journal = new Journal(this.#clock)
    this.plan = new FaultPlan(options.seed ?? 1)
    this.plan.add(options.faults ?? [])
    this.holds = new Holds(this.#clock)
    this.#host = this.#makeHost()
    this.door = new FrontDoor({
      tls: options.tls,
      accept: (raw) => this.journal.connection(raw),
      admit: (connection) => this.#admit(connection),
      onRequest: (message, response) => {
        try {
          this.#serve(message, response)
        } catch (error) {
          // Nothing that a client sends may end the process of the test.
          message.socket.destroy()
          this.failure ??= { error }
        }
      },
    })
  }

  /** Ends everything; resolves when nothing is left. */
  async close(): Promise<void> {
    this.door.stopListening()
    this.store.forgetAll()
    this.journal.waiters.fail((step) => new Error(`the mock server was closed while something waited for "${step}"`))
    const open = this.journal.connections.filter((connection) => connection.open)
    await Promise.all(
      open.map((connection) => {
        const gone = new Promise<void>((resolve) => connection.onClosed(resolve))
        connection.drop('destroy')
        return gone
      }),
    )
    await Promise.all(this.#underWay)
    await this.door.close()
  }

  /** Answers whether HTTP may have the connection. */
  async #admit(connection: Connection): Promise<boolean> {
    try {
      const { now, rest } = this.plan.takeForConnection(connection)
      if (rest) {
        this.#waiting.set(connection, rest)
        connection.onClosed(() => this.#waiting.delete(connection))
      }
      for (const planned of now) {
        if ((await this.#strike(planned, connection, undefined, undefined)) === 'stop') return false
      }
      return true
    } catch (error) {
      this.#fail(error, connection)
      return false
    }
  }

  #serve(message: IncomingMessage, response: ServerResponse): void {
    const connection = this.door.connectionOf(message.socket)
    if (connection === undefined) return
    // An error of the socket is told by its end.
    message.on('error', () => {})
    response.on('error', () => {})
    const { journal } = this
    const request = journal.request(message, connection)
    if (connection.halfClosed) {
      request.outcome = 'cut'
      journal.waiters.notify('request_end')
      return
    }
    const answer = new Answer(response, connection, request, () => journal.waiters.notify('headers_sent'))
    const promised = this.#waiting.get(connection)
    this.#waiting.delete(connection)
    for (const planned of promised ?? []) planned.taker = request
    const exchange = new Exchange(this.#host, { message, connection, request, answer }, promised)
    const run = exchange.run().catch((error) => this.#fail(error, connection))
    this.#underWay.add(run)
    void run.then(() => this.#underWay.delete(run))
  }

  async #strike(
    planned: PlannedFault,
    connection: Connection,
    request: RequestRecord | undefined,
    answer: Answer | undefined,
  ): Promise<Verdict> {
    if (!connection.open) return 'stop'
    planned.struck = true
    const applied = this.journal.fault(planned.fault, connection, request)
    // Without HTTP behind it, somebody must read, or the client's end would not be seen.
    const giveBack = answer === undefined ? connection.readAhead() : undefined
    const hold = (ms: number) => this.holds.hold(applied, connection, ms)
    // The first turn only ends the one that is under way.
    const letClientRead = () => passTurns(this.#clock, 2)
    const verdict = await strike(applied, { connection, answer, hold, letClientRead })
    if (verdict === 'go_on') giveBack?.()
    return verdict
  }

  #makeHost(): ExchangeHost {
    const { ttfbMs = 0, eventDelayMs = 0, eventsPerWrite = 1, framing = 'chunked', keepAliveMs = 0 } = this.#options
    const { journal, plan, store } = this
    const clock = this.#clock
    const background = this.#options.background === 'manual' ? 'manual' : eventDelayMs
    const { strict = true } = this.#options
    const context = { clock, store, strict, background, respond: this.#options.respond ?? echoStream } as const
    return {
      clock,
      plan,
      options: {
        framing,
        eventDelayMs,
        eventsPerWrite,
        ttfbMs: typeof ttfbMs === 'number' ? () => ttfbMs : ttfbMs,
      },
      reply: (request) => reply(request, context),
      received: (request) => journal.requestBody(request),
      sent: () => journal.waiters.notify('event_sent'),
      ended: (request, connection) => {
        journal.waiters.notify('request_end')
        if (keepAliveMs > 0 && request.outcome === 'complete') void this.#closeIdle(connection, keepAliveMs)
      },
      strike: (planned, connection, request, answer) => this.#strike(planned, connection, request, answer),
    }
  }

  async #closeIdle(connection: Connection, afterMs: number): Promise<void> {
    const { requests } = connection
    const open = await waitWhileOpen(connection, this.#clock, afterMs)
    if (open && connection.requests === requests) connection.close()
  }

  #fail(error: unknown, connection: Connection): void {
    this.failure ??= { error }
    this.journal.waiters.fail(() => error)
    connection.drop('destroy')
  }
}
