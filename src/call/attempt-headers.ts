import type { AbortScope } from '../core/abort.ts'
import { withDeadline } from '../core/race.ts'
import { isThenable } from '../core/thenable.ts'
import type { Target } from '../endpoints/endpoints.ts'
import type { Failure } from '../errors/failure.ts'
import type { HeaderPairs } from '../transport/transport.ts'
import { type CallDeadlines, callEndsAt, firstOfCall, HEADERS_DEADLINE_MS } from '../watchdog/deadlines.ts'
import type { CallLog } from './call-log.ts'
import type { CallContext, CallRequest, HeaderAsk } from './call-request.ts'
import { type EffectiveRequest, plain } from './effective-request.ts'
import { outOfTime } from './slot.ts'

/** The call whose attempts the headers are for. */
export interface HeadersCall {
  readonly request: Pick<CallRequest, 'url' | 'method' | 'headers'>
  readonly effective: Pick<EffectiveRequest, 'body' | 'isRebuilt'>
  readonly context: Pick<CallContext, 'clock' | 'added'>
  readonly scope: AbortScope
  readonly deadlines: CallDeadlines
  readonly log: Pick<CallLog, 'id' | 'instrumentationFailed'>
  errorOf(failure: Failure): Error
}

/** The attempt that the headers are for. */
export interface HeadersAttempt {
  readonly number: number
  /** The credential was refused: get a new one. */
  readonly refresh: boolean
  /** The race of the attempt. Once it is decided, the headers are not needed any more. */
  readonly race?: { whenDecided(stop: () => void): void } | undefined
  /** Which of several endpoints the attempt goes to. */
  readonly target?: Pick<Target, 'url' | 'headers'> | undefined
}

/**
 * The final headers of one attempt. Getting them ends with the call, with its time, and with the race.
 *
 * @throws the error of a function that makes headers; the error of the deadline of the call that came first.
 */
export async function headersOfAttempt(call: HeadersCall, attempt: HeadersAttempt): Promise<HeaderPairs> {
  const { scope } = call
  const { clock } = call.context
  const ms = callEndsAt(call.deadlines) - clock.now()
  // The functions have their own limit, which is longer.
  const isUrgent = ms < HEADERS_DEADLINE_MS
  if (attempt.race === undefined && !isUrgent) return asked(call, attempt, scope)
  const asking = scope.child()
  attempt.race?.whenDecided(() => asking.abort(undefined))
  const headers = asked(call, attempt, asking)
  const onTimeout = (): Error => call.errorOf(outOfTime(firstOfCall(call.deadlines)))
  try {
    return await (isUrgent ? withDeadline(headers, { clock, ms, scope, onTimeout }) : headers)
  } finally {
    asking.abort(undefined)
    asking.dispose()
  }
}

/**
 * In this order, and the first of a name counts: the endpoint's own headers, the caller's, the client's, the
 * instrumentations'.
 */
async function asked(call: HeadersCall, attempt: HeadersAttempt, scope: HeaderAsk['scope']): Promise<HeaderPairs> {
  const { request, effective, context, log } = call
  const { number, refresh, target } = attempt
  const ask = { url: target?.url ?? request.url, body: effective.body, callId: log.id, attempt: number, refresh, scope }
  const ofEndpoint = (asked: HeaderPairs): HeaderPairs => {
    const given = effective.isRebuilt ? plain(asked) : asked
    return target?.headers(given) ?? given
  }
  if (context.added === undefined) return ofEndpoint(await request.headers(ask))
  let scopeOfAdded: AbortScope | undefined
  const running = (): AbortScope => {
    scopeOfAdded ??= scope.child()
    return scopeOfAdded
  }
  try {
    const own = request.headers(ask)
    const added = context.added.get({ ...ask, method: request.method, running }, (index, problem) =>
      log.instrumentationFailed(number, index, problem),
    )
    const [given, more] = isThenable(added) ? await Promise.all([own, added]) : [await own, added]
    return withAdded(ofEndpoint(given), more)
  } catch (error) {
    // Aborts the signals of instrumentations that are still running.
    scopeOfAdded?.abort(error)
    throw error
  } finally {
    scopeOfAdded?.dispose()
  }
}

function withAdded(own: HeaderPairs, added: HeaderPairs): HeaderPairs {
  if (added.length === 0) return own
  const names = new Set(own.map(([name]) => name))
  return own.concat(added.filter(([name]) => !names.has(name) && names.add(name)))
}
