import type { AttemptTransport, TelemetryEvent } from '../../../src/index.ts'
import type { Caller } from '../caller.ts'
import { endpointOf } from '../network/network.ts'
import { framesToProgress, type Served } from '../served.ts'
import { type Account, isGatewayFailure } from './account.ts'
import type { AttemptEntry } from './attempt-entry.ts'
import { type Connects, isConnectFailure, NO_CONNECTS } from './connects.ts'
import { checkDelay } from './delays.ts'
import type { Evictions } from './lifecycles.ts'
import type { PoolChecks } from './pool.ts'
import { checkRefusal } from './reasons.ts'
import { checkTimes } from './times.ts'
import type { Violations } from './violations.ts'

export interface LedgerContext {
  readonly violations: Violations
  readonly now: () => number
  /** How much time was lost to a blocked loop since then. */
  readonly stalledSince: (at: number) => number
  readonly account: (endpoint: number) => Account | undefined
  /** Counts what happened to the clients of an endpoint so far, or to its WebSockets. */
  readonly evictions: (endpoint: number, transport: AttemptTransport) => Evictions
  /** Set where several endpoints answer the same calls. */
  readonly pool: PoolChecks | undefined
  /** Writes the timeline, where one is wanted. */
  readonly log: Log | undefined
}

/** The endpoint has answered: where another way is taken all the same, the connection is not to blame. */
const UPSTREAM = new Set(['http_status', 'response_failed'])

export type Log = (what: string) => void

type Decision = Extract<TelemetryEvent, { type: 'retry_decision' }>

/** Follows the telemetry of one call of the library, and holds it against what its endpoint knows. */
export class Ledger {
  readonly caller: Caller
  readonly kind: string
  readonly method: string
  readonly startedAt: number
  readonly attempts: AttemptEntry[] = []
  retries = 0
  connectionRetries = 0
  pushbacks = 0
  /** Retries behind a gateway that did not get through. */
  gateway = 0
  free = 0
  allConnects = 0
  endedAt: number | undefined
  delaysMs = 0
  refusal: Extract<Decision['decision'], { retry: false }> | undefined
  readonly #context: LedgerContext
  /** By endpoint. */
  readonly #connectTally = new Map<number, Connects>()
  /** Those under way. */
  readonly #hedges = new Set<number>()

  constructor(caller: Caller, start: Extract<TelemetryEvent, { type: 'call_start' }>, context: LedgerContext) {
    this.caller = caller
    this.kind = start.kind
    this.method = start.method
    this.#context = context
    this.startedAt = context.now()
  }

  get current(): AttemptEntry | undefined {
    return this.attempts.at(-1)
  }

  connectsTo(endpoint: number): Connects {
    return this.#connectTally.get(endpoint) ?? NO_CONNECTS
  }

  /** Another endpoint may take the next attempt: one that the call has not tried. */
  get mayGoElsewhere(): boolean {
    const { pool } = this.#context
    // An endpoint that does not know a response may get the request that was made anew.
    const tried = this.attempts.filter(({ ended }) => ended?.code !== 'previous_response_not_found')
    return pool !== undefined && new Set(tried.map(({ endpoint }) => endpoint)).size < pool.size
  }

  entry(number: number): AttemptEntry | undefined {
    return this.attempts[number - 1]
  }

  /** A request begins: it belongs to the attempt under way to its endpoint. */
  adopt(served: Served): void {
    const waiting = this.attempts.filter((entry) => entry.ended === undefined && entry.served === undefined)
    const [first] = waiting
    const own = waiting.find(({ endpoint }) => endpoint === served.endpoint)
    if (first !== undefined && own === undefined) {
      const detail = `request ${served.nth} comes to endpoint ${served.endpoint}, attempt ${first.number} goes to ${first.endpoint}`
      this.#add('goes_where_told', detail)
    }
    const adopted = own ?? first
    if (adopted !== undefined) adopted.served = served
  }

  take(event: TelemetryEvent): void {
    switch (event.type) {
      case 'attempt_start':
        this.#starts(event)
        break
      case 'attempt_connected':
        this.#connects(event)
        break
      case 'attempt_commit':
        this.#commits(event.attempt, event.reason)
        break
      case 'attempt_end':
        this.#ends(event)
        break
      case 'retry_decision':
        this.#decides(event)
        break
      case 'hedge_start':
        this.#hedges.add(event.attempt)
        break
      case 'hedge_end':
        if (!this.#hedges.delete(event.attempt)) this.#add('telemetry_paired', `hedge ${event.attempt} never began`)
        break
      case 'call_end':
        this.#over(event)
    }
  }

  #starts(event: Extract<TelemetryEvent, { type: 'attempt_start' }>): void {
    const { attempt: number, endpoint: name, transport } = event
    const { caller } = this
    const { evictions, now, pool } = this.#context
    const endpoint = name === undefined ? caller.plan.endpoint : endpointOf(new URL(name))
    const open = this.attempts.filter(({ ended }) => ended === undefined).length
    if (open >= caller.options.legs)
      this.#add('telemetry_paired', `attempt ${number} starts beside ${open}; ${caller.options.legs} may run at a time`)
    if (number !== this.attempts.length + 1)
      this.#add('telemetry_paired', `attempt ${number} is the ${this.attempts.length + 1}th to start`)
    if (this.endedAt !== undefined) this.#add('telemetry_paired', `attempt ${number} starts after the call has ended`)
    const { count, generation } = evictions(endpoint, transport)
    const entry: AttemptEntry = {
      number,
      endpoint,
      startedAt: now(),
      transport,
      evictionsBefore: count,
      evictedBefore: generation,
      pausedBefore: caller.unreadMs,
      generation: undefined,
      connectedAt: undefined,
      committed: false,
      ended: undefined,
      endedUnread: false,
      served: undefined,
    }
    this.attempts.push(entry)
    pool?.starts(this, entry)
    // One free reconnect, one refreshed credential, one question to another replica and one rebuilt request.
    const most = 1 + caller.options.maxRetries + this.allConnects + this.#mostFree
    // A hedge is no retry: what bounds them is how many run at a time, and what they may waste.
    if (caller.options.legs === 1 && number > most)
      this.#add('attempts_within_limit', `attempt ${number} of at most ${most}`)
  }

  #connects(event: Extract<TelemetryEvent, { type: 'attempt_connected' }>): void {
    const current = this.entry(event.attempt)
    if (current === undefined) return
    current.generation = event.generation
    current.connectedAt = this.#context.now()
    const isGone =
      current.transport === 'http'
        ? event.generation <= current.evictedBefore
        : this.#context.evictions(current.endpoint, 'websocket').generations.has(event.generation)
    if (isGone) {
      const detail = `attempt ${event.attempt} got generation ${event.generation}, evicted before it began`
      this.#add('poisoned_gets_no_lease', detail)
    }
    if (event.attempt > 1 && event.reused)
      this.#add('retry_on_new_connection', `attempt ${event.attempt} runs on a connection that was used before`)
  }

  #commits(attempt: number, reason: string): void {
    const current = this.entry(attempt)
    if (current === undefined) return
    if (!this.#mayTakeBack() && this.attempts.some((other) => other !== current && other.committed))
      this.#add('committed_once', `attempt ${attempt} commits beside another`)
    if (current.committed) this.#add('committed_once', `attempt ${current.number} commits twice`)
    current.committed = true
    this.#context.pool?.commits(current)
    const { served } = current
    if (reason !== 'progress' || served?.stream === undefined) return
    const first = framesToProgress(served)
    if (served.delivered < (first ?? Infinity)) {
      const detail = `attempt ${current.number} commits for progress after ${served.delivered} frames; the first is ${first}`
      this.#add('commit_at_progress', detail)
    }
  }

  #ends({ attempt, record }: Extract<TelemetryEvent, { type: 'attempt_end' }>): void {
    const current = this.entry(attempt)
    if (current === undefined || current.ended !== undefined) {
      this.#add('telemetry_paired', `attempt ${attempt} ends, and was not under way`)
      return
    }
    current.ended = record
    current.endedUnread = this.caller.pausingSince !== undefined
    if (current.served !== undefined) current.served.ended = true
    checkTimes(this, current, record, this.#context)
    this.#context.pool?.ends(this, current, record)
  }

  #decides({ attempt, code, decision }: Decision): void {
    const { caller } = this
    const current = this.entry(attempt)
    if (current?.ended === undefined) {
      this.#add('telemetry_paired', `a decision about attempt ${attempt}, which has not ended`)
      return
    }
    if (!decision.retry) {
      this.refusal = decision
      checkRefusal(this, current, code, decision.reason, this.#context)
      return
    }
    if (caller.abortedAt !== undefined) this.#add('nothing_after_abort', `attempt ${attempt} is to be retried`)
    if (current.committed && !this.#mayTakeBack())
      this.#add('committed_once', `attempt ${attempt} had committed and is retried`)
    const { count } = this.#context.evictions(current.endpoint, current.transport)
    const asked = code === 'previous_response_not_found' || (decision.transparent && UPSTREAM.has(code))
    // A WebSocket that was never open is no client yet, and one on which nothing was sent is not to blame.
    const hadClient = current.transport === 'http' ? current.served !== undefined : current.served?.written === true
    if (decision.lane === 'connection' && !asked && hadClient && count === current.evictionsBefore)
      this.#add('poisoned_before_decision', `attempt ${attempt} failed with ${code}, and no client was poisoned`)
    checkDelay(this, current, code, decision, this.#context)
    this.delaysMs += decision.delayMs
    if (decision.transparent) {
      this.free++
      if (this.free > this.#mostFree) this.#add('attempts_within_limit', `${this.free} free retries`)
      return
    }
    this.#count(code, decision, current)
  }

  #count(code: string, decision: Extract<Decision['decision'], { retry: true }>, entry: AttemptEntry): void {
    const { caller } = this
    if (isConnectFailure(entry, code)) {
      const before = this.connectsTo(entry.endpoint)
      const hostNotFound = before.hostNotFound + (code === 'host_not_found' ? 1 : 0)
      const connects = { all: before.all + 1, hostNotFound }
      this.#connectTally.set(entry.endpoint, connects)
      this.allConnects++
      const isLast = !this.mayGoElsewhere
      if (isLast && connects.all > 4)
        this.#add('attempts_within_limit', `connect ${connects.all} in a row of at most 4`)
      if (isLast && hostNotFound > 2) this.#add('attempts_within_limit', `a third retry for a host that does not exist`)
      if (caller.options.maxRetries === 0) this.#add('attempts_within_limit', 'retries are switched off')
      return
    }
    if (code !== 'resources_exhausted') this.#connectTally.delete(entry.endpoint)
    const onTheHouse = isGatewayFailure(entry, code)
      ? this.gateway++ < 2
      : decision.lane === 'connection' && this.connectionRetries === 0
    if (!onTheHouse) this.#context.account(caller.plan.endpoint)?.pay(() => this.#add('retries_within_budget', code))
    this.retries++
    if (decision.lane === 'connection') this.connectionRetries++
    else this.pushbacks++
    const { maxRetries } = caller.options
    if (this.retries > maxRetries) this.#add('attempts_within_limit', `retry ${this.retries} of ${maxRetries}`)
  }

  /** On sockets, too: another socket, after two upgrades that were not answered HTTP, and HTTP after any of them. */
  get #mostFree(): number {
    return this.caller.options.onSockets ? 8 : 4
  }

  #mayTakeBack(): boolean {
    const { plan, options } = this.caller
    return plan.face === 'create' || options.upgrades || options.restarts
  }

  #over({ outcome, attempts }: Extract<TelemetryEvent, { type: 'call_end' }>): void {
    const { caller } = this
    if (this.endedAt !== undefined) this.#add('telemetry_paired', 'the call ends twice')
    this.endedAt = this.#context.now()
    for (const entry of this.attempts)
      if (entry.ended === undefined) this.#add('telemetry_paired', `the call ends before attempt ${entry.number}`)
    if (this.#hedges.size > 0) this.#add('telemetry_paired', `hedges ${[...this.#hedges]} have no end`)
    if (attempts !== this.attempts.length)
      this.#add('telemetry_paired', `call_end counts ${attempts} attempts of ${this.attempts.length}`)
    if (outcome === 'completed') this.#context.account(caller.plan.endpoint)?.deposit()
    const { totalMs } = caller.options
    const took = this.endedAt - this.startedAt
    // While headers() is asked, nothing else is timed but its own 30 s.
    const slack =
      2 * this.#context.stalledSince(this.startedAt) + caller.options.headersMs * (attempts + 1) + 5 + caller.unreadMs
    if (totalMs > 0 && took > totalMs + slack)
      this.#add('deadline_in_time', `the call took ${took} ms, totalMs is ${totalMs}`)
  }

  #add(invariant: Parameters<Violations['add']>[0], detail: string): void {
    this.#context.violations.add(invariant, this.caller.plan.id, detail)
  }
}
