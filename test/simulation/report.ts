import type { Caller } from './caller.ts'
import type { SimEndpoints } from './endpoints.ts'
import type { Schedule } from './schedule.ts'

/** What a world was: sums up over worlds. */
export interface Counts {
  readonly calls: number
  readonly attempts: number
  readonly virtualMs: number
  /** How often each kind of trouble was met, and not only planned. */
  readonly met: Readonly<Record<string, number>>
  readonly outcomes: Readonly<Record<string, number>>
}

export function countsOf(
  schedule: Schedule,
  callers: readonly Caller[],
  endpoints: SimEndpoints,
  stalls: number,
  virtualMs: number,
): Counts {
  const met: Record<string, number> = {}
  const outcomes: Record<string, number> = {}
  const meet = (what: string, times = 1): void => {
    if (times > 0) met[what] = (met[what] ?? 0) + times
  }
  meet('loop stall', stalls)
  meet('cool-down', endpoints.coolings.all)
  meet('cool-down while sockets stand', endpoints.coolings.withSockets)
  meet('wall clock jump', schedule.wallJumps.length)
  for (const { restarts } of schedule.endpoints) meet('server restart', restarts.length)
  if (schedule.end.at !== undefined) meet(`${schedule.end.how} in the middle`)
  for (const served of endpoints.served) {
    const { plan, written, reused, arrivedAt, stream, onSocket, session, hiddenId, message, answered } = served
    if (reused) meet(onSocket ? 'socket reused' : 'connection reused')
    if (onSocket && session === undefined && plan.upgrade !== undefined)
      meet(`upgrade ${typeof plan.upgrade === 'string' ? plan.upgrade : plan.upgrade.status}`)
    if (session !== undefined) meet('sent on a socket')
    if (hiddenId !== undefined) meet('increment')
    if (session !== undefined && hiddenId === undefined && message?.previous_response_id === session.latest && reused)
      meet('continued on its socket')
    if (answered?.code?.startsWith('websocket_')) meet('socket too old')
    if (session !== undefined && plan.late !== undefined) meet('late event')
    if (!written && plan.dial !== undefined)
      meet(plan.dial === 'hangs' ? 'dial hangs' : `dial ${plan.dial.fails ?? 'slow'}`)
    if (written && typeof plan.send === 'string') meet(`send ${plan.send}`)
    if (arrivedAt === undefined) continue
    if (plan.answer.kind === 'status') meet(`status ${plan.answer.status}`)
    else if (plan.fault !== undefined) meet(`stream ${plan.fault.how}`)
    else if (stream?.end.how === 'failed') meet(`failed ${stream.end.code}`)
    if (plan.resume?.refuses !== undefined) meet('resume refused')
    if (plan.resume?.repeats !== undefined) meet('resume repeats')
    if (plan.resume?.skips !== undefined) meet('resume skips')
  }
  let attempts = 0
  for (const { abortedAt, pausedMs, outcome, ledgers, plan } of callers) {
    const sent = endpoints.requestsOf(plan.id).filter(({ session }) => session !== undefined)
    if (new Set(sent.map(({ endpoint }) => endpoint)).size > 1) meet('turn sent on sockets of two endpoints')
    if (abortedAt !== undefined) meet('abort')
    if (pausedMs > 0) meet('slow consumer')
    const kind = outcome?.kind ?? 'none'
    outcomes[kind] = (outcomes[kind] ?? 0) + 1
    for (const ledger of ledgers) attempts += ledger.attempts.length
  }
  return { calls: callers.length, attempts, virtualMs, met, outcomes }
}
