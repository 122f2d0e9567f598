import type { AttemptRecord } from '../../../src/index.ts'
import type { Caller } from '../caller.ts'
import { FAILING } from '../schedule.ts'
import { wasHeard } from '../served.ts'
import type { AttemptEntry } from './attempt-entry.ts'
import type { Ledger } from './ledger.ts'
import type { Violations } from './violations.ts'

const FIRST_COOLING_MS = 5000
const LONGEST_COOLING_MS = 60_000
const FAILURES_IN_A_ROW = 3
/** With so many dead attempts their share, a moving average, is at most one half. */
const MOST_DEAD = 10
/** The codes of failures that count against an endpoint, whatever it said. */
const LOST = new Set([
  'connection_reset',
  'connection_closed',
  'connection_refused',
  'network_unreachable',
  'ttfb_timeout',
  'idle_timeout',
  'stream_incomplete',
  'socket_closed',
  'ping_timeout',
])

interface Health {
  coolUntil: number
  /** Times in a row, since it was last seen alive behind one. */
  coolings: number
  hasCooled: boolean
  /** Attempts that came to nothing, since then. */
  failures: number
  /** Attempts whose first event did not come in time, since the beginning: their share counts, too. */
  dead: number
  /** Of the failures those without anything else in between that certainly count. */
  failuresInARow: number
  hintedUntil: number
  probe: AttemptEntry | undefined
}

export interface PoolContext {
  readonly violations: Violations
  readonly now: () => number
  readonly size: number
  readonly soon: (check: () => void) => void
}

/**
 * Holds the choice of endpoints against how they fared, as telemetry tells it. Where it cannot be known how the client sees
 * an endpoint, for example after it asked for time, that endpoint is no reason for any complaint.
 */
export class PoolChecks {
  /** How many endpoints answer the same calls. */
  readonly size: number
  readonly #context: PoolContext
  readonly #healths: readonly Health[]

  constructor(context: PoolContext) {
    this.#context = context
    this.size = context.size
    this.#healths = Array.from({ length: context.size }, () => ({
      coolUntil: -Infinity,
      coolings: 0,
      hasCooled: false,
      failures: 0,
      dead: 0,
      failuresInARow: 0,
      hintedUntil: -Infinity,
      probe: undefined,
    }))
  }

  starts(ledger: Ledger, entry: AttemptEntry): void {
    const health = this.#healths[entry.endpoint]
    if (health === undefined) return
    if (!isBound(ledger)) this.#checkChoice(ledger, entry, health)
    if (health.coolings > 0 && health.coolUntil <= this.#context.now()) health.probe ??= entry
  }

  commits(entry: AttemptEntry): void {
    const health = this.#healths[entry.endpoint]
    if (health?.probe === entry) recover(health)
  }

  ends({ caller }: Ledger, entry: AttemptEntry, record: AttemptRecord): void {
    const health = this.#healths[entry.endpoint]
    if (health === undefined) return
    const isProbe = health.probe === entry
    if (isProbe) health.probe = undefined
    const { served } = entry
    if (served !== undefined && asksForTime(served.plan)) health.hintedUntil = this.#context.now() + LONGEST_COOLING_MS
    if (record.outcome === 'aborted' || record.outcome === 'lost') return
    if (record.code === undefined) {
      if (isProbe) recover(health)
      health.failures = health.failuresInARow = 0
      return
    }
    // The endpoint answers, and the request takes another way to it.
    if (record.code === 'upgrade_refused') return
    // Only an endpoint that is alive refuses.
    if (isProbe && (isRefused(entry, record) || isOfSocketAlone(record))) {
      recover(health)
      return
    }
    // The time of the call was over: no word about the endpoint.
    if (record.code === 'total_timeout' || record.code === 'before_commit_timeout') return
    if (isOfSocketAlone(record)) {
      health.failures = health.failuresInARow = 0
      return
    }
    health.failures++
    if (record.code === 'ttfb_timeout') health.dead++
    const counts = LOST.has(record.code ?? '') || served?.plan === FAILING
    health.failuresInARow = counts ? health.failuresInARow + 1 : 0
    const mustCool =
      health.failuresInARow >= FAILURES_IN_A_ROW && !health.hasCooled && this.#others(entry.endpoint).length > 0
    if (!mustCool) return
    this.#context.soon(() => {
      if (health.hasCooled) return
      this.#add(
        'bad_is_cooled',
        caller,
        `endpoint ${entry.endpoint} failed ${health.failuresInARow} times in a row, and stays`,
      )
    })
  }

  cooled(endpoint: number, forMs: number): void {
    const health = this.#healths[endpoint]
    if (health === undefined) return
    const step = Math.min(LONGEST_COOLING_MS, FIRST_COOLING_MS * 2 ** health.coolings)
    if (forMs !== step)
      this.#add('cooled_for_cause', undefined, `endpoint ${endpoint} cools for ${forMs} ms, and not for ${step} ms`)
    if (health.coolings === 0 && health.failures < FAILURES_IN_A_ROW && health.dead <= MOST_DEAD)
      this.#add('cooled_for_cause', undefined, `endpoint ${endpoint} cools after ${health.failures} failures`)
    health.coolings++
    health.hasCooled = true
    health.coolUntil = this.#context.now() + forMs
    health.probe = undefined
  }

  #checkChoice({ caller, attempts }: Ledger, entry: AttemptEntry, health: Health): void {
    const { endpoint } = entry
    const others = this.#others(endpoint)
    if (others.length === 0) return
    const at = `attempt ${entry.number} goes to endpoint ${endpoint}`
    if (this.#context.now() < health.coolUntil)
      this.#add('cooled_gets_no_calls', caller, `${at}, which is cooling down`)
    if (health.probe !== undefined)
      this.#add('probed_by_one', caller, `${at}, which attempt ${health.probe.number} probes`)
    const tried = new Set(attempts.filter((each) => each !== entry).map((each) => each.endpoint))
    const fresh = others.filter((other) => !tried.has(other))
    if (tried.has(endpoint) && fresh.length > 0)
      this.#add('retried_elsewhere', caller, `${at} again, and endpoints ${fresh} were not tried`)
  }

  /** The other endpoints that are certainly ready. */
  #others(endpoint: number): number[] {
    const now = this.#context.now()
    return [...this.#healths.entries()].flatMap(([index, { coolings, hintedUntil }]) =>
      index !== endpoint && coolings === 0 && hintedUntil <= now ? [index] : [],
    )
  }

  #add(invariant: Parameters<Violations['add']>[0], caller: Caller | undefined, detail: string): void {
    this.#context.violations.add(invariant, caller?.plan.id, detail)
  }
}

function recover(health: Health): void {
  health.probe = undefined
  health.coolings = 0
  health.failures = 0
  health.failuresInARow = 0
}

function isRefused({ served }: AttemptEntry, { outcome }: AttemptRecord): boolean {
  // What came too late was not heard.
  const means = served !== undefined && wasHeard(served) ? served.answered?.means : undefined
  // One that asks for a retry may be as good as a failure.
  if (served?.plan.answer.kind === 'status' && served.plan.answer.shouldRetry === true) return false
  return outcome === 'answered' && (means === 'final' || means === 'not_found' || means === 'unauthorized')
}

/** The call has no choice: what it asks for lives somewhere. */
function isBound({ caller: { plan }, method }: Ledger): boolean {
  const { face, continuation, conversation, of, follows } = plan
  return (
    continuation === true ||
    conversation === true ||
    of !== undefined ||
    follows?.by === 'id' ||
    (face === 'background' && method === 'GET')
  )
}

/** The time of a WebSocket is over: that says nothing about its endpoint. */
function isOfSocketAlone({ upstreamCode }: AttemptRecord): boolean {
  return upstreamCode?.startsWith('websocket_') === true
}

function asksForTime({ answer, upgrade }: NonNullable<AttemptEntry['served']>['plan']): boolean {
  if (typeof upgrade === 'object' && upgrade.hintMs !== undefined) return true
  if (answer.kind === 'status') return answer.hintMs !== undefined
  return answer.end.how === 'failed' && answer.end.hintMs !== undefined
}
