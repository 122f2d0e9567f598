import type { AbortScope } from '../core/abort.ts'
import { sleep } from '../core/race.ts'
import type { FleetCall } from '../fleet-port/call-fleet.ts'
import { LONGEST_PUSHBACK_MS } from '../fleet-port/held-pushbacks.ts'
import { hintDelay } from '../retry/backoff.ts'
import { type CallDeadlines, callEndsAt } from '../watchdog/deadlines.ts'
import type { Attempt } from './attempt.ts'
import type { CallContext, CallRequest } from './call-request.ts'
import type { EffectiveRequest } from './effective-request.ts'
import { safeWords } from './safe-words.ts'

/** A call that may wait for what another call was told. */
export interface HeldCall {
  readonly context: CallContext
  readonly scope: AbortScope
  readonly deadlines: CallDeadlines
  readonly request: Pick<CallRequest, 'url' | 'given'>
  readonly effective: Pick<EffectiveRequest, 'traits' | 'candidates'>
}

/**
 * Waits until the endpoint takes calls of this account and model again, as another call was told, with the jitter of a hint. A call
 * that cannot wait so long, by its time or by `maxHintMs`, is sent, and hears for itself.
 *
 * @throws the caller's own reason on an abort.
 */
export async function waitForPushbacks(call: HeldCall, onWaiting: () => void): Promise<void> {
  const { context, scope, deadlines, effective } = call
  const { fleet, clock, policy, random } = context
  if (fleet === undefined || effective.traits.latency.kind === 'passthrough') return
  const endsAt = Math.min(callEndsAt(deadlines), clock.now() + LONGEST_PUSHBACK_MS)
  for (;;) {
    const heldMs = fleet.heldMs(fleetCallOf(call), effective.candidates)
    const leftMs = endsAt - clock.now()
    if (heldMs <= 0 || heldMs > policy.maxHintMs || heldMs >= leftMs) return
    onWaiting()
    await sleep(hintDelay(heldMs, leftMs, random), { clock, scope })
  }
}

/** Tells the other calls of the client and of its fleet that an endpoint asked to wait. */
export function tellPushback(call: HeldCall, { failed, target }: Attempt): void {
  const { fleet } = call.context
  const { lane, hintMs = 0 } = failed ?? {}
  if (fleet === undefined || lane !== 'pushback' || hintMs <= 0) return
  if (call.effective.traits.latency.kind === 'passthrough') return
  fleet.pushedBack(fleetCallOf(call), target?.endpoint ?? call.request.url.origin, hintMs)
}

/** What goes to other processes holds no key that the caller has sent in the place of a model. */
function fleetCallOf({ request: { url, given }, effective }: HeldCall): FleetCall {
  return { origin: url.origin, given, model: safeWords(given)(effective.traits.asks.model) }
}
