import type { CallContext } from './call-request.ts'
import type { EffectiveRequest } from './effective-request.ts'
import type { ReaderSettings } from './response-reader.ts'

/** What is known when an attempt begins. */
export interface Beginning {
  readonly context: Pick<
    CallContext,
    'policy' | 'reading' | 'restartable' | 'commitAfterMs' | 'onPreviousResponseNotFound'
  >
  readonly effective: Pick<EffectiveRequest, 'traits' | 'isRebuilt' | 'isRepeatableWhenRefused'>
  /** Number of retries so far. */
  readonly retries: number
  /** Number of earlier attempts. */
  readonly attemptsBefore: number
  /** Whether hedges may run beside it. */
  readonly isRace: boolean
}

/**
 * Whether the drop-in hands over the prelude at its first event, because a later failure could not be retried anyway:
 * `maxRetries` is used up or 0, or the body can be read once. Pure.
 *
 * Decided when the attempt begins. The retry budget and the deadlines are only known at a failure, so a call that they
 * would refuse still holds its prelude. So do attempts that may be hedged, and continuations that
 * `onPreviousResponseNotFound` or a second request after a lost connection may save. The typed faces always hold the
 * prelude: the beginning of a failed response is of no use there, and the error says why it failed.
 */
export function isLastAttempt({ context, effective, retries, attemptsBefore, isRace }: Beginning): boolean {
  const { policy, reading, restartable, commitAfterMs, onPreviousResponseNotFound: hook } = context
  // An SDK that waits for headers as long as it takes gets an honest status.
  if (isRace || restartable || reading.needsEvents || commitAfterMs === 0) return false
  const isSavable = effective.traits.continuation && !effective.isRebuilt && (hook !== undefined || attemptsBefore > 0)
  if (isSavable) return false
  return retries >= policy.maxRetries || !effective.isRepeatableWhenRefused
}

const eager = new WeakMap<ReaderSettings, ReaderSettings>()

/** The same settings with a commit at the first event. Shared by all calls, because a stream holds it to its end. */
export function committingAtOnce(settings: ReaderSettings): ReaderSettings {
  const known = eager.get(settings) ?? { ...settings, commitAt: 'first_event' as const }
  eager.set(settings, known)
  return known
}
