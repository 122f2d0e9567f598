import type { Permit } from '../admission/admission.ts'
import type { AbortScope } from '../core/abort.ts'
import { shortTime } from '../core/short-time.ts'
import { type Failure, failure } from '../errors/failure.ts'
import { type CallDeadlines, callEndsAt, firstOfCall, type Limit } from '../watchdog/deadlines.ts'
import type { CallLog } from './call-log.ts'
import type { CallContext, CallRequest } from './call-request.ts'
import type { EffectiveRequest } from './effective-request.ts'
import { waitForPushbacks } from './pushback-wait.ts'

/** A deadline that can end a call before anything was sent. */
interface TimeOfCall {
  readonly name: 'queue' | 'total' | 'before_commit'
  readonly limit: Limit
}

/** A call that waits to begin. */
export interface SlotCall {
  readonly context: CallContext
  readonly scope: AbortScope
  readonly deadlines: CallDeadlines
  readonly effective: Pick<EffectiveRequest, 'traits' | 'candidates'>
  readonly request: Pick<CallRequest, 'url' | 'given'>
  readonly log: CallLog
  errorOf(failure: Failure): Error
}

/**
 * Waits for the permit of a call, if calls are limited, and until no endpoint holds it back. Returns `undefined` without a limit.
 *
 * @throws the caller's own reason on an abort; the error of the deadline that came first.
 */
export async function acquireSlot(call: SlotCall): Promise<Permit | undefined> {
  const { context, log } = call
  const { admission, fleet } = context
  if (admission === undefined && fleet === undefined) return undefined
  const permit = admission === undefined ? undefined : await permitOf(call, admission)
  if (fleet !== undefined) {
    try {
      await waitForPushbacks(call, () => log.queued('pushback'))
    } catch (error) {
      permit?.release()
      throw error
    }
  }
  log.admitted()
  return permit
}

async function permitOf(call: SlotCall, admission: NonNullable<CallContext['admission']>): Promise<Permit> {
  const { context, scope, deadlines, request, effective, log } = call
  const { clock } = context
  const { traits } = effective
  const leftMs = callEndsAt(deadlines) - clock.now()
  const queue = admission.queueMs > 0 && admission.queueMs < leftMs
  return admission.gate.enter({
    origin: request.url.origin,
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
}

/** The time was over before anything was sent. */
export function outOfTime({ name, limit }: TimeOfCall): Failure {
  const message = `Timed out before it was sent: ${name} deadline of ${shortTime(limit.ms)} (${limit.source}).`
  return failure(`${name}_timeout`, message, { deadline: { name, ...limit }, connecting: true })
}
