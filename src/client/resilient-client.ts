import { Admission } from '../admission/admission.ts'
import type { CallContext } from '../call/call.ts'
import type { SocketRouting } from '../call/socket-plan.ts'
import type { AbortScope } from '../core/abort.ts'
import { LiveSet } from '../core/live-set.ts'
import { nextTurn } from '../core/turn.ts'
import type { Endpoints } from '../endpoints/endpoints.ts'
import { ClientClosedError } from '../errors/errors.ts'
import { refuseOldNode } from '../errors/node-version.ts'
import { Hedging } from '../hedge/hedging.ts'
import { type Responses, responsesOf } from '../responses/responses.ts'
import { RetryBudgets } from '../retry/budget.ts'
import { TelemetryEmitter } from '../telemetry/emitter.ts'
import type { FetchFunction } from '../transport/fetch-transport.ts'
import type { TransportStats } from '../transport/transport.ts'
import { CallContexts } from './call-contexts.ts'
import { clientEndpoints } from './client-endpoints.ts'
import { ClientFleet } from './client-fleet.ts'
import { type ClientPeer, withoutHttp } from './client-peer.ts'
import { Connections } from './connections.ts'
import { refuseHeadersOfConnections } from './contradictions.ts'
import { createDropInFetch } from './drop-in-fetch.ts'
import { HeaderSource } from './header-source.ts'
import { InstrumentedHeaders, sendInOf } from './instrumentation.ts'
import { type CallOptions, parseOptions, parseViewOptions, type ResilientClientOptions } from './options.ts'
import { readingOf } from './reading-of.ts'
import { type ClientSettings, resolveSettings } from './settings.ts'

/** Opens a peer of a client: see `ClientPeer`. Not exported from the package. */
export let openPeer: (client: ResilientClient) => ClientPeer

/** Counts of a client and all its views, at this moment. */
export interface ResilientClientStats extends TransportStats {
  /** Running calls, including those whose body is still being read. */
  readonly activeCalls: number
  /** The running calls that wait for a permit (`concurrency.calls`). */
  readonly waitingCalls: number
  /** The balance of the retry budget, by origin. */
  readonly retryBudgets: Readonly<Record<string, number>>
}

/** What a client and its views share. */
interface Shared {
  readonly connections: Connections
  readonly budgets: RetryBudgets
  readonly hedging: Hedging
  readonly admission: Admission | undefined
  readonly endpoints: Endpoints | undefined
  readonly fleet: ClientFleet | undefined
  /** Scopes of all running calls, with which they can be ended. */
  readonly calls: LiveSet<AbortScope>
  /** Whether the client itself was closed, and with it all its views. */
  closed: boolean
  onIdle: Array<() => void>
}

/**
 * Makes calls to Responses endpoints survive. Pass `client.fetch` wherever a `fetch` is accepted.
 *
 * An idle client does not keep the process alive, closed or not.
 *
 * @throws ConfigurationError for an option that is unknown, not accepted, or contradicts another.
 */
export class ResilientClient implements AsyncDisposable {
  /**
   * A drop-in for the built-in `fetch`: `new OpenAI({ fetch: client.fetch, maxRetries: 0, timeout: 3_600_000 })`. Needs no `this`.
   *
   * Responses calls (`POST …/responses`, `GET …/responses/{id}?stream=true`) get all features. All others are
   * passthrough calls: their answers are not parsed, and they are retried before the answer is handed over, where that
   * is safe. Rejects with the caller's own abort reason, with `TypeError('fetch failed', { cause })` around our error,
   * or with `ClientClosedError`.
   */
  readonly fetch: FetchFunction
  /**
   * The typed Responses API: `stream`, `create`, `resume`, `retrieve`, `cancel`. Its credential comes from `apiKey` or
   * `headers`; `OPENAI_API_KEY` is not read.
   */
  readonly responses: Responses
  readonly #settings: ClientSettings
  readonly #headers: HeaderSource
  readonly #telemetry: TelemetryEmitter
  readonly #shared: Shared
  readonly #isView: boolean
  #unobserve: (() => void) | undefined
  #closed = false

  constructor(options: ResilientClientOptions = {}) {
    refuseOldNode()
    const view = VIEW_OF.get(options)
    const peer = view?.sockets
    const parsed: ResilientClientOptions = view?.options ?? parseOptions(options)
    this.#isView = view !== undefined
    const parent = view?.parent
    this.#settings = resolveSettings(parsed, parent === undefined ? undefined : parent.#settings)
    const { clock, random, headers, apiKey, onEvent, instrumentations, concurrency } = this.#settings
    const { choosesConnection } = (
      parsed.transport ?? (parent === undefined ? undefined : parent.#shared.connections.transport)
    )?.abilities ?? {
      choosesConnection: true,
    }
    if (choosesConnection) refuseHeadersOfConnections(parsed)
    const sameHeaders = parsed.headers === undefined && parsed.apiKey === undefined
    // Shared by all views with the same credential, so that it is refreshed once.
    this.#headers = parent !== undefined && sameHeaders ? parent.#headers : new HeaderSource({ headers, apiKey, clock })
    this.#telemetry =
      parent !== undefined && parsed.onEvent === undefined && parsed.instrumentations === undefined
        ? parent.#telemetry
        : new TelemetryEmitter(onEvent, ...instrumentations.map(({ telemetry }) => telemetry))
    const fleet = parsed.fleet && new ClientFleet(parsed.fleet, this.#settings, this.#telemetry)
    this.#shared =
      parent !== undefined
        ? parent.#shared
        : {
            connections: new Connections(parsed, this.#settings),
            budgets: new RetryBudgets(this.#settings.budget, clock),
            hedging: new Hedging(clock),
            endpoints: clientEndpoints(this.#settings, parsed.endpointOf, { telemetry: this.#telemetry, fleet }),
            admission: concurrency === undefined ? undefined : new Admission(clock, concurrency, fleet?.quotaOf),
            fleet,
            calls: new LiveSet(),
            closed: false,
            onIdle: [],
          }
    if (parent === undefined) {
      this.#unobserve = this.#shared.connections.relay(this.#telemetry)
    }
    const { hedge, timeouts, policy, commitAfterMs, beforeCommitMs, onPreviousResponseNotFound } = this.#settings
    const { hedging, admission, connections, budgets } = this.#shared
    const common: Omit<CallContext, 'budget' | 'added'> = {
      transport: connections.transport,
      sockets: peer ?? connections.sockets,
      clock,
      random,
      telemetry: this.#telemetry,
      timeouts,
      policy,
      reading: readingOf(this.#settings),
      beforeCommitMs,
      commitAfterMs,
      restartable: false,
      onPreviousResponseNotFound,
      endpoints: this.#shared.endpoints,
      fleet: this.#shared.fleet,
      admission: admission && { gate: admission, queueMs: concurrency?.queueMs ?? 0 },
      sendIn: sendInOf(instrumentations),
      hedge: hedge && { hedging, settings: hedge },
      onEnded: (scope) => this.#over(scope),
    }
    const instrumented = new InstrumentedHeaders({ instrumentations, origin: this.#settings.baseURL.origin, clock })
    const sources = { budgets, instrumented }
    const dropIn = new CallContexts(common, sources)
    const reading = { ...common.reading, needsEvents: true, wholeFrames: false }
    // Only SDKs stop waiting for headers. A typed caller waits until its own deadlines.
    const ofTyped = { ...common, reading, beforeCommitMs: 0, commitAfterMs: 0 }
    const typed = new CallContexts(ofTyped, sources)
    const restartables = new CallContexts({ ...ofTyped, restartable: true }, sources)
    this.responses = responsesOf({
      baseURL: this.#settings.baseURL,
      clock,
      telemetry: this.#telemetry,
      maxRetries: this.#settings.policy.maxRetries,
      staleMs: this.#settings.timeouts.staleMs,
      totalMs: this.#settings.timeouts.totalMs,
      maxEventBytes: this.#settings.limits.eventBytes,
      validate: this.#settings.validate,
      interruption: this.#settings.interruption,
      choosesConnection,
      label: this.#settings.label,
      endpointAffinity: this.#settings.endpointAffinity,
      assertOpen: () => this.#assertOpen(),
      headersOfCall: () => this.#headers.ofCall(),
      canRefresh: this.#headers.canRefresh,
      contextFor: (origin, { restartable, commitAt }) => {
        const context = (restartable ? restartables : typed).of(origin)
        return commitAt === undefined ? context : { ...context, reading: { ...context.reading, commitAt } }
      },
      begin: (scope) => this.#shared.calls.add(scope),
      hold: (scope) => {
        this.#shared.calls.add(scope)
        const letGo = (): void => {
          unwatch()
          this.#over(scope)
        }
        const unwatch = scope.watch(letGo)
        return letGo
      },
    })
    this.fetch = createDropInFetch({
      settings: this.#settings,
      headers: this.#headers,
      assertOpen: () => this.#assertOpen(),
      contextFor: (origin) => dropIn.of(origin),
      begin: (scope) => this.#shared.calls.add(scope),
      end: (scope) => this.#over(scope),
      handsOn: this.#shared.connections.transport.abilities.takesCallersForm === true,
    })
  }

  /**
   * A view of this client with other options for its calls. Shares connections, cache, budget and running calls. Use
   * `client.withOptions({ timeouts: { staleMs: 20_000 } })` to give one task a short deadline. Inherited limits that
   * would then never fire are lowered. Closing a view only closes the view.
   *
   * @throws ConfigurationError also for options of what views share, such as `transport` or `isolation`.
   */
  withOptions(options: CallOptions): ResilientClient {
    const marker: ResilientClientOptions = {}
    VIEW_OF.set(marker, { parent: this, options: parseViewOptions(options) })
    return new ResilientClient(marker)
  }

  /** Current calls and resources. A view reports those of its client. */
  stats(): ResilientClientStats {
    const { connections, calls, budgets, admission } = this.#shared
    return {
      activeCalls: calls.size,
      waitingCalls: admission?.waiting ?? 0,
      ...connections.stats(),
      retryBudgets: budgets.balances(),
    }
  }

  /**
   * Accepts no more calls, lets running calls finish, and closes idle connections now. Resolves when nothing is left.
   * An unread response body or stream delays it until `staleMs`: cancel it, or use `destroy()`.
   */
  async close(): Promise<void> {
    this.#closed = true
    if (this.#isView) return
    this.#shared.closed = true
    while (this.#shared.calls.size > 0) {
      await new Promise<void>((resolve) => this.#shared.onIdle.push(resolve))
      // A reader learns of the end of its call a moment later, and may continue with another one: a resume.
      await nextTurn()
    }
    await Promise.all([this.#shared.connections.close(), this.#shared.fleet?.leave()])
    this.#unobserve?.()
  }

  /** Accepts no more calls, ends running ones with `ClientClosedError`, and destroys every connection. */
  async destroy(): Promise<void> {
    this.#closed = true
    if (this.#isView) return
    this.#shared.closed = true
    const error = new ClientClosedError('The client was destroyed while the call was running.')
    for (const scope of this.#shared.calls) scope.abort(error)
    await Promise.all([this.#shared.connections.destroy(), this.#shared.fleet?.leave()])
    this.#unobserve?.()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  static {
    openPeer = (client) => client.#openPeer()
  }

  #openPeer(): ClientPeer {
    const { connections, endpoints } = this.#shared
    const sockets = connections.ofOnePeer(this.#telemetry)
    const viewOf = (routing: SocketRouting | undefined): ResilientClient => {
      const marker: ResilientClientOptions = {}
      VIEW_OF.set(marker, { parent: this, options: {}, sockets: routing })
      return new ResilientClient(marker)
    }
    return {
      fetch: viewOf(sockets).fetch,
      fetchOnSocket: viewOf(sockets && withoutHttp(sockets)).fetch,
      isHttpAlone: (url, headers) =>
        (endpoints?.everywhere(url, headers) ?? [{ url, headers }]).some(
          (one) => connections.sockets?.isHttpAlone(one.url, one.headers) ?? true,
        ),
      close: async () => {
        if (sockets !== undefined) await connections.leave(sockets)
      },
    }
  }

  #assertOpen(): void {
    if (this.#closed || this.#shared.closed) {
      throw new ClientClosedError('The client is closed. Create a new ResilientClient, or close this one later.')
    }
  }

  #over(scope: AbortScope): void {
    const { calls, onIdle } = this.#shared
    calls.delete(scope)
    if (calls.size === 0) for (const resolve of onIdle.splice(0)) resolve()
  }
}

/** Passes the parent of a view to the constructor, without an option that users could set. */
const VIEW_OF = new WeakMap<
  object,
  { readonly parent: ResilientClient; readonly options: CallOptions; readonly sockets?: SocketRouting | undefined }
>()
