import type { ReplaySafety } from '../errors/errors.ts'
import type { Failure } from '../errors/failure.ts'

/** What of a request decides whether it may be sent again. */
export interface ReplayTraits {
  /** A body that can be read once, and only once. */
  readonly readOnce: boolean
  /** Whether that body has been opened. */
  readonly bodyOpened: boolean
  /** `conversation` or `background`: the endpoint keeps state that a second send would double. */
  readonly stateful: boolean
  /** A call that is no Responses call: not ours to repeat unless its method is idempotent. */
  readonly foreign: boolean
  readonly idempotentMethod: boolean
}

/** The replay table of 5.5, one line a cell. Pure. */
export function replaySafety(traits: ReplayTraits, failed: Pick<Failure, 'connecting' | 'refused'>): ReplaySafety {
  const notSent = failed.connecting === true
  if (traits.readOnce) return traits.bodyOpened ? 'unsafe' : 'safe'
  if (notSent) return 'safe'
  if (traits.foreign) return traits.idempotentMethod ? 'safe' : 'unsafe'
  if (traits.stateful) return failed.refused ? 'safe' : 'unknown'
  return 'safe'
}
