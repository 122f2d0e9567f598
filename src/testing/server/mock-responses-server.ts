import type { JsonObject } from '../streams.ts'
import { refuse } from './check.ts'
import { Engine } from './engine.ts'
import type { ScriptEntry, ScriptOptions } from './fault-plan.ts'
import { CLOSE_CODE } from './fault-rules.ts'
import type { Fault, RequestFault } from './faults.ts'
import { checkOptions, type MockServerOptions } from './options.ts'
import type { MockConnection, MockRequest, MockSocket } from './records.ts'
import type { AppliedFault, MockServerStats } from './report.ts'
import { STEPS, type Step, type Steps } from './steps.ts'

/**
 * A real HTTP(S) server on 127.0.0.1 that speaks the Responses API, over WebSockets too, and injects faults.
 *
 * ```ts
 * await using server = await MockResponsesServer.start()
 * server.script([{ at: 'headers', effect: 'stall' }, { at: 'before_event', event: 1, effect: 'reset' }, 'ok'])
 * await callTheThingUnderTest(server.baseURL)
 * server.assertConsumed()
 * ```
 *
 * It answers `POST …/responses` (`stream` or not, `store`, `previous_response_id`, `background`), `GET …/responses/{id}` (with
 * `stream=true&starting_after=N`), `POST …/responses/{id}/cancel`, `POST …/chat/completions`, and describes requests to `…/files`,
 * `…/uploads` and `…/echo` as JSON. Everything else is a 404 in OpenAI's shape. An upgrade on `…/responses` opens a WebSocket: each
 * `response.create` is a request like a POST, answered by one message an event.
 */
export class MockResponsesServer implements AsyncDisposable {
  readonly #options: MockServerOptions
  readonly #engine: Engine
  #closed = false

  private constructor(options: MockServerOptions) {
    checkOptions(options)
    this.#options = options
    this.#engine = new Engine(options)
  }

  /** Resolves when the server listens. Throws a `TypeError` for unknown or invalid options. */
  static async start(options: MockServerOptions = {}): Promise<MockResponsesServer> {
    const server = new MockResponsesServer(options)
    await server.#engine.door.listen(options.port ?? 0)
    return server
  }

  /** The origin, e.g. `http://127.0.0.1:40123`. */
  get url(): string {
    return `${this.#options.tls ? 'https' : 'http'}://127.0.0.1:${this.#engine.door.port}`
  }

  /** The origin plus `/v1`: the base URL for SDKs. */
  get baseURL(): string {
    return `${this.url}/v1`
  }

  get port(): number {
    return this.#engine.door.port
  }

  /** Every connection so far, in order of acceptance. */
  get connections(): readonly MockConnection[] {
    return this.#engine.journal.connections
  }

  /** Every WebSocket so far, refused upgrades too, in order of arrival. */
  get sockets(): readonly MockSocket[] {
    return this.#engine.journal.sockets
  }

  /** Every request so far, over HTTP and on WebSockets, in order of arrival. */
  get requests(): readonly MockRequest[] {
    return this.#engine.journal.requests
  }

  /** Every fault that struck, in order. */
  get appliedFaults(): readonly AppliedFault[] {
    return this.#engine.journal.faults
  }

  get stats(): MockServerStats {
    return this.#engine.journal.stats()
  }

  /**
   * What the next requests meet, one entry each: `'ok'`, a fault, or several faults. A further script follows the one before. With `call` or `when` only for
   * those requests; such scripts come before a script for all. A scripted request meets no standing fault. An entry
   * with a fault at `accept` is for the next connection, and one with a fault at `upgrade`, `inside_upgrade` or
   * `upgraded` for the next WebSocket; its other faults are for the first request on it.
   */
  script(entries: readonly ScriptEntry[], options: ScriptOptions = {}): void {
    this.#engine.plan.script(entries, options)
  }

  /**
   * Removes all scripts. Their entries that were not taken strike no request, and `assertConsumed()` forgets them: for a further
   * scenario on the same server. Standing faults stay.
   */
  clearScripts(): void {
    this.#engine.plan.clearScripts()
  }

  /**
   * Adds standing faults, as arguments or as a list: `addFaults({ at: 'headers', effect: 'stall', times: 2 })`. See `times`,
   * `probability` and `when` of a fault.
   */
  addFaults(...faults: ReadonlyArray<Fault | readonly Fault[]>): void {
    this.#engine.plan.add(faults.flat())
  }

  /** Removes all standing faults. Scripts stay. */
  clearFaults(): void {
    this.#engine.plan.clear()
  }

  /**
   * The standing fault with a `probability` that the seed gives to an attempt (from 1) of a call, as if its `when`
   * matched. `undefined` if no such fault strikes that attempt.
   */
  chanceFault(call: string, attempt: number): RequestFault | undefined {
    return this.#engine.plan.chanceFault(call, attempt)
  }

  /**
   * Throws an error unless the requests matched the scripts exactly. Lists every entry that was not taken (`'ok'` too),
   * every planned fault that did not strike (of scripts, and those with `times`), and requests after the last entry of
   * their script. Also throws what `respond`, `ttfbMs` or a `when` threw.
   *
   * @param options.allowMore accepts requests after the last entry. Default `false`.
   */
  assertConsumed(options: { readonly allowMore?: boolean } = {}): void {
    if (this.#engine.failure) throw this.#engine.failure.error
    const { plan } = this.#engine
    const problems = [...plan.unused(), ...(options.allowMore ? [] : plan.beyond())]
    if (problems.length === 0) return
    throw new Error(`the scripts and the requests differ:\n${problems.map((line) => `- ${line}`).join('\n')}`)
  }

  /**
   * Waits for a step, counted from the start of the server, so steps that have already happened count.
   *
   * @param which the n-th of its kind (from 1; default 1), or the first record for which a function returns `true`.
   * @throws after `waitMs`, with what happened so far; when the server is closed.
   */
  async waitFor<S extends Step>(
    step: S,
    which: number | ((record: Steps[S]) => boolean) = 1,
    options: { readonly waitMs?: number } = {},
  ): Promise<Steps[S]> {
    if (!STEPS.includes(step)) throw new TypeError(`unknown step "${step}"; accepted: ${STEPS.join(', ')}`)
    return this.#engine.journal.waiters.waitFor(step, which, options.waitMs ?? this.#options.waitMs ?? 10_000)
  }

  /**
   * Ends current stalls and delays. Returns their number. Wait for them first: `await server.waitFor('fault')`.
   *
   * @param which the label of a fault, or a function that selects faults.
   */
  release(which: string | ((applied: AppliedFault) => boolean) = () => true): number {
    return this.#engine.holds.release(typeof which === 'string' ? ({ fault }) => fault.label === which : which)
  }

  /** Accepts these ids as `previous_response_id`, as if they had been answered earlier. */
  remember(...ids: readonly string[]): void {
    for (const id of ids) this.#engine.store.remember(id)
  }

  /** Forgets these responses, or all of them. A request that names one gets `previous_response_not_found`. */
  forget(...ids: readonly string[]): void {
    if (ids.length === 0) this.#engine.store.forgetAll()
    for (const id of ids) this.#engine.store.forget(id)
  }

  /** With `background: 'manual'`: produces the next events of a background response. Default: all that are left. */
  produce(id: string, count = Number.POSITIVE_INFINITY): void {
    const response = this.#engine.store.get(id)
    if (!response?.background) throw new Error(`unknown background response "${id}"`)
    response.log.produce(count)
  }

  /**
   * What the model knew. For a response id: the whole conversation including its output. For a request: the model's
   * input. Responses that the server has lost since are still included. `undefined` for responses that were never
   * answered. The conversation before an id given to `remember` is not known. A text as `input` stands for `{ role:
   * 'user', content }`.
   */
  contextOf(subject: string | MockRequest): readonly JsonObject[] | undefined {
    return this.#engine.contexts.of(subject)
  }

  /** Sends a close frame on all open WebSockets, or on those for which `when` returns `true`. Returns their number. */
  closeSockets(code = 1001, when?: (socket: MockSocket) => boolean): number {
    if (!CLOSE_CODE.test(code)) refuse('closeSockets(code)', code, CLOSE_CODE.accepts)
    return this.#engine.sockets.command((session) => session.close(code), when)
  }

  /**
   * Ends open WebSockets as their 60-minute limit does: with an `error` message and a close frame, or only the close
   * frame.
   */
  expireSockets(as: 'error' | 'close' = 'error', when?: (socket: MockSocket) => boolean): number {
    if (as !== 'error' && as !== 'close') refuse('expireSockets(as)', as, "'error' or 'close'")
    return this.#engine.sockets.command((session) => session.endLife(as), when)
  }

  /** Sends messages on open WebSockets, with or without a running response. Returns the number of sockets. */
  sendToSockets(events: readonly JsonObject[], when?: (socket: MockSocket) => boolean): number {
    if (!Array.isArray(events)) refuse('sendToSockets(events)', events, 'a list of events')
    return this.#engine.sockets.command((session) => void session.sendEvents(events), when)
  }

  /** Pings open WebSockets. Returns their number. */
  pingSockets(when?: (socket: MockSocket) => boolean): number {
    return this.#engine.sockets.command((session) => session.ping(), when)
  }

  /** Refuses new connections until `acceptConnections()`. Open ones stay. */
  refuseConnections(): void {
    this.#engine.door.stopListening()
  }

  /** Listens again, on the same port. */
  async acceptConnections(): Promise<void> {
    if (this.#closed) throw new Error('the mock server is closed')
    await this.#engine.door.listen(this.#engine.door.port)
  }

  /** Ends all open connections, as a restart would, with RST or FIN. */
  dropConnections(how: 'reset' | 'close' = 'reset'): void {
    if (how !== 'reset' && how !== 'close') refuse('dropConnections(how)', how, "'reset' or 'close'")
    for (const connection of this.#engine.journal.connections) if (connection.open) connection.drop(how)
  }

  /** Ends everything at once. Resolves when no socket, timer or request of the server is left. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#engine.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
