import type { Permit } from '../admission/admission.ts'
import type { AbortScope } from '../core/abort.ts'
import { type Failure, failure } from '../errors/failure.ts'
import { type CallDeadlines, callEndsAt, firstOfCall, type Limit } from '../watchdog/deadlines.ts'
import type { CallLog } from './call-log.ts'
import type { CallContext } from './call-request.ts'
import type { RequestTraits } from './request-traits.ts'

/** A deadline that can end a call before anything was sent. */
interface TimeOfCall {
  readonly name: 'queue' | 'total' | 'before_commit'
  readonly limit: Limit
}

/**
 * Waits for the permit of a call, if calls are limited; otherwise returns `undefined`.
 *
 * @throws the caller's own reason on an abort; the error of the deadline that came first.
 */
export async function acquireSlot(call: {
  readonly context: CallContext
  readonly scope: AbortScope
  readonly deadlines: CallDeadlines
  readonly origin: string
  readonly traits: Pick<RequestTraits, 'asks' | 'latency'>
  readonly log: CallLog
  errorOf(failure: Failure): Error
}): Promise<Permit | undefined> {
  const { context, scope, deadlines, origin, traits, log } = call
  const { admission, clock } = context
  if (admission === undefined) return undefined
  const leftMs = callEndsAt(deadlines) - clock.now()
  const queue = admission.queueMs > 0 && admission.queueMs < leftMs
  const ticket = await admission.gate.enter({
    origin,
    model: traits.latency.kind === 'passthrough' ? '' : traits.asks.model,
    inputTokens: traits.latency.estimatedInputTokens,
    scope,
    withinMs: queue ? admission.queueMs : leftMs,
    onTimeout: () =>
      call.errorOf(
        outOfTime(
          queue ? { name: 'queue', limit: { ms: admission.queueMs, source: 'option' } } : firstOfCall(deadlines),
        ),
      ),
    onWaiting: (reason) => log.queued(reason),
  })
  log.admitted()
  return ticket
}

/** The time was over before anything was sent. */
export function outOfTime({ name, limit }: TimeOfCall): Failure {
  const message = `Timed out before it was sent: ${name} deadline of ${limit.ms} ms (${limit.source}).`
  return failure(`${name}_timeout`, message, { deadline: { name, ...limit }, connecting: true })
}
