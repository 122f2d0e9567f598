import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Clock, systemClock } from '../../core/clock.ts'
import type { Connection } from './connection.ts'
import { Contexts } from './contexts.ts'
import { echoStream } from './echo.ts'
import { Exchange, type ExchangeHost, type ExchangeParts } from './exchange.ts'
import { FaultPlan, type PlannedFault } from './fault-plan.ts'
import { FrontDoor } from './front-door.ts'
import { Holds, passTurns, waitWhileOpen } from './holds.ts'
import { HttpAnswer } from './http-answer.ts'
import { Journal } from './journal.ts'
import type { MockServerOptions } from './options.ts'
import type { MockRequest, MockSocket } from './records.ts'
import { reply } from './replies.ts'
import type { ReplyContext } from './reply.ts'
import { receiveBody } from './request-body.ts'
import { ResponseStore } from './response-store.ts'
import { SocketDoor } from './socket/door.ts'
import { type Struck, strike, type Verdict } from './strike.ts'

/** The base addresses of OpenAI, Azure and the Codex backend. */
const PREFIXES = ['/v1', '/openai/v1', '/backend-api/codex']

/** Applies the faults to connections and requests, and answers the requests. */
export class Engine {
  readonly journal: Journal
  readonly plan: FaultPlan
  readonly holds: Holds
  readonly store = new ResponseStore()
  readonly contexts = new Contexts()
  readonly door: FrontDoor
  readonly sockets: SocketDoor
  /** The first error that a user's function threw. */
  failure: { readonly error: unknown } | undefined
  readonly #options: MockServerOptions
  readonly #clock: Clock
  readonly #host: ExchangeHost
  readonly #context: ReplyContext
  readonly #underWay = new Set<Promise<unknown>>()
  /** The faults for the first request of a connection. */
  readonly #waiting = new Map<Connection, PlannedFault[]>()

  constructor(options: MockServerOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.journal = new Journal(this.#clock)
    this.plan = new FaultPlan(options.seed ?? 1)
    this.plan.add(options.faults ?? [])
    this.holds = new Holds(this.#clock)
    this.#host = this.#makeHost()
    this.#context = this.#makeContext()
    this.sockets = new SocketDoor(options.webSocket ?? true, {
      clock: this.#clock,
      journal: this.journal,
      plan: this.plan,
      context: this.#context,
      serve: (parts, promised) => this.#run(parts, promised),
      strike: (planned, struck, socket) => this.#strike(planned, struck, socket),
      fail: (error, connection) => this.#fail(error, connection),
    })
    this.door = new FrontDoor({
      tls: options.tls,
      accept: (raw) => this.journal.connection(raw),
      admit: (connection) => this.#admit(connection),
      onRequest: (message, response) => this.#guard(message, () => this.#serve(message, response)),
      onUpgrade: (message, wire, head) => this.#guard(message, () => this.#upgrade(message, wire, head)),
    })
  }

  /** Ends everything. Resolves when no connection, timer or request is left. */
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

  /** Returns whether HTTP may use the connection. */
  async #admit(connection: Connection): Promise<boolean> {
    try {
      const { now, rest } = this.plan.takeForConnection(connection)
      if (rest) {
        this.#waiting.set(connection, rest)
        connection.onClosed(() => this.#waiting.delete(connection))
      }
      for (const planned of now) {
        if ((await this.#strike(planned, { connection })) === 'stop') return false
      }
      return true
    } catch (error) {
      this.#fail(error, connection)
      return false
    }
  }

  /** A client must not be able to end the process of the test. */
  #guard(message: IncomingMessage, act: () => void): void {
    try {
      act()
    } catch (error) {
      message.socket.destroy()
      this.failure ??= { error }
    }
  }

  #serve(message: IncomingMessage, response: ServerResponse): void {
    const connection = this.door.connectionOf(message.socket)
    if (connection === undefined) return
    // The end of the socket is handled elsewhere.
    message.on('error', () => {})
    response.on('error', () => {})
    const { journal } = this
    const request = journal.request(message, connection)
    if (connection.halfClosed) {
      request.outcome = 'cut'
      journal.waiters.notify('request_end')
      return
    }
    const answer = new HttpAnswer(response, connection, request, () => journal.waiters.notify('headers_sent'))
    const promised = this.#promisedTo(connection)
    for (const planned of promised ?? []) planned.taker = request
    const receive = () => receiveBody(message)
    void this.#run({ connection, request, answer, receive, reply: (each) => reply(each, this.#context) }, promised)
  }

  #upgrade(message: IncomingMessage, wire: Socket, head: Buffer): void {
    const connection = this.door.connectionOf(wire)
    if (connection === undefined) {
      wire.destroy()
      return
    }
    if (head.length > 0) wire.unshift(head)
    this.#watch(this.sockets.open(message, wire, connection, this.#promisedTo(connection)), connection)
  }

  /** The remaining faults of a connection's entry, for what comes first on it. */
  #promisedTo(connection: Connection): PlannedFault[] | undefined {
    const promised = this.#waiting.get(connection)
    this.#waiting.delete(connection)
    return promised
  }

  #run(parts: ExchangeParts, promised: PlannedFault[] | undefined): Promise<void> {
    return this.#watch(new Exchange(this.#host, parts, promised).run(), parts.connection)
  }

  #watch(work: Promise<void>, connection: Connection): Promise<void> {
    const run = work.catch((error) => this.#fail(error, connection))
    this.#underWay.add(run)
    void run.then(() => this.#underWay.delete(run))
    return run
  }

  async #strike(
    planned: PlannedFault,
    struck: Struck,
    socketRecord?: MockSocket,
    request?: MockRequest,
  ): Promise<Verdict> {
    const { connection, socket, answer } = struck
    if (!connection.open) return 'stop'
    planned.struck = true
    const applied = this.journal.fault(planned.fault, connection, socketRecord, request)
    // Without a parser, something must read, or the end of the client would not be seen.
    const giveBack = answer === undefined && socket === undefined ? connection.readAhead() : undefined
    if (planned.fault.at === 'request_body') socket?.pause()
    const hold = (ms: number) => this.holds.hold(applied, connection, ms)
    // The first turn only ends the current one.
    const letClientRead = () => passTurns(this.#clock, 2)
    const verdict = await strike(applied, { ...struck, hold, letClientRead })
    if (verdict === 'go_on') giveBack?.()
    if (planned.fault.at === 'request_body') socket?.resume()
    return verdict
  }

  #makeContext(): ReplyContext {
    const { eventDelayMs = 0, strict = true, respond = echoStream } = this.#options
    const prefixes = this.#options.prefixes ?? (strict ? PREFIXES : undefined)
    const background = this.#options.background === 'manual' ? 'manual' : eventDelayMs
    return { clock: this.#clock, store: this.store, contexts: this.contexts, strict, prefixes, background, respond }
  }

  #makeHost(): ExchangeHost {
    const { ttfbMs = 0, eventDelayMs = 0, eventsPerWrite = 1, framing = 'chunked', keepAliveMs = 0 } = this.#options
    const { journal, plan } = this
    return {
      clock: this.#clock,
      plan,
      options: {
        framing,
        eventDelayMs,
        eventsPerWrite,
        ttfbMs: typeof ttfbMs === 'number' ? () => ttfbMs : ttfbMs,
      },
      received: (request) => journal.requestBody(request),
      sent: () => journal.waiters.notify('event_sent'),
      ended: (request, connection) => {
        journal.waiters.notify('request_end')
        const isIdle = request.transport === 'http' && request.outcome === 'complete'
        if (keepAliveMs > 0 && isIdle) void this.#closeIdle(connection, keepAliveMs)
      },
      failed: (error) => this.#report(error),
      strike: (planned, struck, request) =>
        this.#strike(planned, struck, journal.sockets[(request.socketNumber ?? 0) - 1], request),
    }
  }

  async #closeIdle(connection: Connection, afterMs: number): Promise<void> {
    const { requests } = connection
    const open = await waitWhileOpen(connection, this.#clock, afterMs)
    if (open && connection.requests === requests) connection.close()
  }

  #fail(error: unknown, connection: Connection): void {
    this.#report(error)
    connection.drop('destroy')
  }

  #report(error: unknown): void {
    this.failure ??= { error }
    this.journal.waiters.fail(() => error)
  }
}
