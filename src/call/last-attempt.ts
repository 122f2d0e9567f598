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
  /** Retries that the call has used up. */
  readonly retries: number
  /** Attempts that came before this one. */
  readonly attemptsBefore: number
  /** Other attempts may run beside it. */
  readonly isRace: boolean
}

/**
 * Whether the drop-in hands over the prelude at its first event: a failure behind it could not be repeated, so that holding back the prelude would
 * serve nobody: `maxRetries` is used up or 0, or the body can be read once. Pure.
 *
 * Decided when the attempt begins, by what is known then. The retry budget and the deadlines are asked when there is a
 * failure: a call that they would refuse is still held. So are attempts that may have company, continuations that
 * `onPreviousResponseNotFound` or a second try behind a lost connection may still save. The typed faces hold back in any case: what a
 * failed call had begun is of no use there, and the error says why it failed.
 */
export function isLastAttempt({ context, effective, retries, attemptsBefore, isRace }: Beginning): boolean {
  const { policy, reading, restartable, commitAfterMs, onPreviousResponseNotFound: hook } = context
  // A host that waits for headers as long as it takes gets an honest status.
  if (isRace || restartable || reading.needsEvents || commitAfterMs === 0) return false
  const isSavable = effective.traits.continuation && !effective.isRebuilt && (hook !== undefined || attemptsBefore > 0)
  if (isSavable) return false
  return retries >= policy.maxRetries || !effective.isRepeatableWhenRefused
}

const eager = new WeakMap<ReaderSettings, ReaderSettings>()

/** The same settings with a commit at the first event of any kind. One object for all calls: a stream holds it to its end. */
export function committingAtOnce(settings: ReaderSettings): ReaderSettings {
  const known = eager.get(settings) ?? { ...settings, commitAt: 'first_event' as const }
  eager.set(settings, known)
  return known
}
