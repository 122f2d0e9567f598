import { ResilientClient, type ResilientClientOptions, type TelemetryEvent } from '../../src/index.ts'
import { seededRandom } from '../../src/testing/index.ts'
import { FastClock } from './fast-clock.ts'
import { SilentEndpoint, type World } from './silent-endpoint.ts'

export interface RowSetup {
  readonly world: World
  readonly effort: 'low' | 'high'
  readonly options: Pick<ResilientClientOptions, 'timeouts' | 'hedge'>
  readonly calls: number
  /** Calls start at random times, with this average per second. */
  readonly callsPerSecond: number
  readonly seed: number
}

export interface RowResult {
  /** Milliseconds until a successful call had its answer. */
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly failed: number
  readonly requestsPerCall: number
  /** Attempts that a deadline cut although they would have answered. */
  readonly healthyCut: number
  /** Hedges that were replaced although they would have answered. */
  readonly healthyReplaced: number
  /** Hedges that lost against another attempt, per call. */
  readonly lostHedgesPerCall: number
  readonly outage?: OutageResult
}

export interface OutageResult {
  /** Of the calls during the outage. */
  readonly calls: number
  readonly failed: number
  readonly attemptsPerCall: number
  readonly mostAttempts: number
  /** From the end of the outage until new calls have their usual 95th percentile. Milliseconds. */
  readonly recoveredAfterMs: number
  /** From its end until 95 of 100 calls during it had ended, and until the last one. Milliseconds. */
  readonly settledAfterMs: { readonly p95: number; readonly last: number }
}

interface Played {
  readonly startedAt: number
  readonly endedAt: number
  readonly ok: boolean
  readonly attempts: number
}

/** Plays one row: the real client, an endpoint with random failures, and virtual time. */
export async function playRow({ world, effort, options, calls, callsPerSecond, seed }: RowSetup): Promise<RowResult> {
  const clock = new FastClock()
  const transport = new SilentEndpoint(world, clock, seededRandom(seed))
  const arrivals = seededRandom(seed + 1)
  const counted = { lost: 0, healthyCut: 0, healthyReplaced: 0 }
  const healthyBefore = { count: 0 }
  const attempts = new Map<number, number>()
  const onEvent = (event: TelemetryEvent): void => {
    const fresh = transport.healthyDestroyed - healthyBefore.count
    if (event.type === 'attempt_end') {
      attempts.set(event.callId, (attempts.get(event.callId) ?? 0) + 1)
      // The exchange is destroyed just before its end is reported.
      if (event.record.outcome === 'failed') counted.healthyCut += fresh
      healthyBefore.count = transport.healthyDestroyed
      lastFresh = fresh
    } else if (event.type === 'hedge_end') {
      if (event.outcome === 'lost') counted.lost++
      if (event.outcome === 'replaced') counted.healthyReplaced += lastFresh
    }
  }
  let lastFresh = 0
  const client = new ResilientClient({ transport, clock, random: seededRandom(seed + 2), onEvent, ...options })
  const played: Played[] = []
  const call = async (): Promise<void> => {
    const startedAt = clock.now()
    let ok = true
    let attemptsMade = 0
    try {
      const stream = client.responses.stream({ model: 'm', input: 'hi', reasoning: { effort } })
      await stream.finalResponse()
      attemptsMade = stream.attempts.length
    } catch (error) {
      ok = false
      attemptsMade = (error as { attempts?: readonly unknown[] }).attempts?.length ?? 0
    }
    played.push({ startedAt, endedAt: clock.now(), ok, attempts: attemptsMade })
  }
  const arrive = (left: number): void => {
    if (left === 0) return
    void call()
    clock.setTimer(() => arrive(left - 1), (-Math.log(1 - arrivals()) / callsPerSecond) * 1000)
  }
  arrive(calls)
  await clock.run()
  if (played.length !== calls) throw new Error(`${calls - played.length} of ${calls} calls hang`)
  const times = played.filter(({ ok }) => ok).map(({ startedAt, endedAt }) => endedAt - startedAt)
  return {
    ...percentiles(times),
    failed: played.filter(({ ok }) => !ok).length,
    requestsPerCall: transport.requests / calls,
    healthyCut: counted.healthyCut,
    healthyReplaced: counted.healthyReplaced,
    lostHedgesPerCall: counted.lost / calls,
    ...(world.outage === undefined ? {} : { outage: afterOutage(played, world.outage) }),
  }
}

function percentiles(times: readonly number[]): { p50: number; p95: number; p99: number } {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}

/** Calls are grouped by the second of their start. */
const WINDOW_MS = 1000

function afterOutage(played: readonly Played[], { fromMs, toMs }: NonNullable<World['outage']>): OutageResult {
  const met = played.filter(({ startedAt, endedAt }) => startedAt < toMs && endedAt > fromMs)
  const usual = percentiles(
    played.filter(({ endedAt }) => endedAt < fromMs).map((one) => one.endedAt - one.startedAt),
  ).p95
  let recoveredAfterMs = Number.POSITIVE_INFINITY
  for (let from = toMs; from < toMs + 300_000; from += WINDOW_MS) {
    const window = played.filter(({ startedAt }) => startedAt >= from && startedAt < from + 5 * WINDOW_MS)
    const slow = window.filter(({ ok, startedAt, endedAt }) => !ok || endedAt - startedAt > usual).length
    // One in twenty is always above the 95th percentile. In so few calls twice as many may be chance.
    if (window.length > 0 && slow <= window.length * 0.1) {
      recoveredAfterMs = from - toMs
      break
    }
  }
  const waits = met.map(({ endedAt }) => Math.max(0, endedAt - toMs))
  const settled = percentiles(waits)
  return {
    calls: met.length,
    failed: met.filter(({ ok }) => !ok).length,
    attemptsPerCall: met.reduce((sum, { attempts }) => sum + attempts, 0) / met.length,
    mostAttempts: Math.max(...met.map(({ attempts }) => attempts)),
    recoveredAfterMs,
    settledAfterMs: { p95: settled.p95, last: Math.max(...waits) },
  }
}
