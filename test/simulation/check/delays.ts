import type { TelemetryEvent } from '../../../src/index.ts'
import { wasHeard } from '../served.ts'
import type { AttemptEntry } from './attempt-entry.ts'
import type { Ledger, LedgerContext } from './ledger.ts'

const MOST_HINT_JITTER_MS = 5000
/** After an established connection died, or on the way to another endpoint. */
const RECONNECT_MS = 200
const MOST_CONNECT_MS = 5000

type Retry = Extract<Extract<TelemetryEvent, { type: 'retry_decision' }>['decision'], { retry: true }>

/** A retry waits for as long as the endpoint asked, and for no longer than its back-off where that said nothing. */
export function checkDelay(
  ledger: Ledger,
  { served, endpoint }: AttemptEntry,
  code: string,
  { lane, delayMs, transparent }: Retry,
  { violations }: LedgerContext,
): void {
  const { options, plan } = ledger.caller
  // Where another endpoint takes the call, nothing that this one said is a reason to wait.
  if (ledger.mayGoElsewhere && delayMs <= RECONNECT_MS) return
  const hint = served !== undefined && wasHeard(served) ? served.answered?.hintMs : undefined
  if (hint !== undefined && hint > 0 && !transparent) {
    if ((delayMs < hint || delayMs > hint + MOST_HINT_JITTER_MS) && options.holdsAnswers)
      violations.add('delay_as_asked', plan.id, `${delayMs} ms, the endpoint asked for ${hint} ms`)
    return
  }
  const connectionMs = ledger.connectsTo(endpoint).all === 0 ? RECONNECT_MS : MOST_CONNECT_MS
  const pushbackMs = Math.min(options.maxDelayMs, options.baseDelayMs * 2 ** Math.min(30, ledger.pushbacks))
  const most = lane === 'connection' ? connectionMs : pushbackMs
  if (delayMs > most) violations.add('delay_as_asked', plan.id, `${delayMs} ms after ${code}, above ${most} ms`)
}
