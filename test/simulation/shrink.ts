import type { Invariant } from './check/violations.ts'
import { runSchedule } from './run-seed.ts'
import { type AttemptPlan, type CallPlan, HEALTHY, type Schedule } from './schedule.ts'

/** No more runs than this: a schedule that is nearly the shortest will do. */
const MOST_RUNS = 4000

/** The shortest schedule found that still breaks the same invariant. */
export async function shrink(schedule: Schedule, invariant: Invariant): Promise<Schedule> {
  let best = schedule
  let runs = 0
  for (let improved = true; improved; ) {
    improved = false
    for (const candidate of simpler(best)) {
      if (runs++ > MOST_RUNS) return best
      if (!(await breaks(candidate, invariant))) continue
      best = candidate
      improved = true
      break
    }
  }
  return best
}

async function breaks(schedule: Schedule, invariant: Invariant): Promise<boolean> {
  try {
    const { violations } = await runSchedule(schedule)
    return violations.some((violation) => violation.invariant === invariant)
  } catch {
    // Options that contradict each other without what was left out.
    return false
  }
}

/** One thing less each, the largest first. */
function* simpler(schedule: Schedule): Generator<Schedule> {
  const { calls, stalls, wallJumps, endpoints, views, client, end, reorder } = schedule
  if (calls.length > 2) {
    yield { ...schedule, calls: calls.slice(0, calls.length >> 1) }
    yield { ...schedule, calls: calls.slice(calls.length >> 1) }
  }
  for (const lists of without(calls)) yield { ...schedule, calls: lists }
  for (const list of without(stalls)) yield { ...schedule, stalls: list }
  for (const list of without(wallJumps)) yield { ...schedule, wallJumps: list }
  for (const [index, endpoint] of endpoints.entries()) {
    for (const restarts of without(endpoint.restarts))
      yield { ...schedule, endpoints: endpoints.with(index, { ...endpoint, restarts }) }
    if (endpoint.sockets !== undefined)
      for (const sockets of withoutKeys(endpoint.sockets))
        yield { ...schedule, endpoints: endpoints.with(index, { ...endpoint, sockets }) }
    if (endpoint.fails !== undefined) {
      const { fails: _, ...sound } = endpoint
      yield { ...schedule, endpoints: endpoints.with(index, sound) }
    }
    if (endpoint.connectMs > 0) yield { ...schedule, endpoints: endpoints.with(index, { ...endpoint, connectMs: 0 }) }
  }
  for (const index of views.keys()) {
    if (calls.some((call) => call.view === index)) continue
    if (Object.keys(views[index] ?? {}).length > 0) yield { ...schedule, views: views.with(index, {}) }
  }
  for (const options of withoutKeys(client)) yield { ...schedule, client: options }
  if (client.timeouts !== undefined)
    for (const timeouts of withoutKeys(client.timeouts)) yield { ...schedule, client: { ...client, timeouts } }
  if (client.webSocket !== undefined)
    for (const webSocket of withoutKeys(client.webSocket)) yield { ...schedule, client: { ...client, webSocket } }
  for (const [index, view] of views.entries())
    for (const options of withoutKeys(view)) yield { ...schedule, views: views.with(index, options) }
  if (reorder > 0) yield { ...schedule, reorder: 0 }
  if (end.at !== undefined) yield { ...schedule, end: { how: end.how } }
  for (const [index, call] of calls.entries())
    for (const shorter of simplerCall(call)) yield { ...schedule, calls: calls.with(index, shorter) }
}

function* simplerCall(call: CallPlan): Generator<CallPlan> {
  const { attempts, at } = call
  for (const list of without(attempts)) yield { ...call, attempts: list }
  if (call.follows?.edit !== undefined) {
    const { edit: _, ...follows } = call.follows
    yield { ...call, follows }
  }
  if ((call.follows?.afterMs ?? 0) > 0 && call.follows !== undefined)
    yield { ...call, follows: { ...call.follows, afterMs: 0 } }
  for (const name of [
    'follows',
    'store',
    'view',
    'continuation',
    'of',
    'conversation',
    'restart',
    'abortAt',
    'leaveAfter',
    'pauses',
  ] as const) {
    if (call[name] === undefined) continue
    const { [name]: _, ...rest } = call
    yield rest
  }
  if (at > 0) yield { ...call, at: 0 }
  for (const [index, attempt] of attempts.entries())
    for (const shorter of simplerAttempt(attempt)) yield { ...call, attempts: attempts.with(index, shorter) }
}

function* simplerAttempt(attempt: AttemptPlan): Generator<AttemptPlan> {
  if (JSON.stringify(attempt) === JSON.stringify(HEALTHY)) return
  yield HEALTHY
  for (const name of ['dial', 'upgrade', 'send', 'fault', 'late', 'errorForm', 'then', 'framing', 'resume'] as const) {
    if (attempt[name] === undefined) continue
    const { [name]: _, ...rest } = attempt
    yield rest
  }
  for (const name of ['headMs', 'firstMs', 'gapMs', 'perRead'] as const)
    if (attempt[name] !== HEALTHY[name]) yield { ...attempt, [name]: HEALTHY[name] }
  const { answer, fault } = attempt
  if (answer.kind === 'stream' && (answer.deltas > 1 || answer.keepalives > 0))
    yield { ...attempt, answer: { ...answer, deltas: Math.min(1, answer.deltas), keepalives: 0 } }
  if (fault !== undefined && fault.afterMs > 0) yield { ...attempt, fault: { ...fault, afterMs: 0 } }
  if (fault !== undefined && fault.after > 0) yield { ...attempt, fault: { ...fault, after: fault.after - 1 } }
}

function* without<T>(list: readonly T[]): Generator<T[]> {
  for (const index of list.keys()) yield list.toSpliced(index, 1)
}

function* withoutKeys<T extends object>(options: T): Generator<T> {
  for (const name of Object.keys(options)) {
    const { [name]: _, ...rest } = options as Record<string, unknown>
    yield rest as T
  }
}
