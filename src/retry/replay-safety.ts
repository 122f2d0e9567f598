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
  /** A call that is no Responses call. */
  readonly passthrough: boolean
  /** Sent twice it does what it does once: by its method, or because the API says so of its path. */
  readonly idempotent: boolean
  /** The caller has sent an `Idempotency-Key`. */
  readonly idempotencyKey: boolean
}

type Facts = Pick<Failure, 'connecting' | 'refused' | 'status' | 'deadline'>

/** Statuses of answers that turned the request away: nothing was done. */
const REFUSALS: ReadonlySet<number> = new Set([425, 429, 503, 529])

/** Whether the same request may be sent again after a failure: one line for each cell of the replay table. Pure. */
export function replaySafety(traits: ReplayTraits, failed: Facts): ReplaySafety {
  const notSent = failed.connecting === true
  if (traits.readOnce) return traits.bodyOpened ? 'unsafe' : 'safe'
  if (notSent) return 'safe'
  if (traits.passthrough) return ofPassthrough(traits, failed)
  if (traits.stateful) return failed.refused ? 'safe' : 'unknown'
  return 'safe'
}

function ofPassthrough({ idempotent, idempotencyKey }: ReplayTraits, { status, deadline }: Facts): ReplaySafety {
  // It may still be worked on, for as long again.
  if (deadline !== undefined) return idempotent ? 'unknown' : 'unsafe'
  if (idempotent) return 'safe'
  if (status === undefined) return 'unsafe'
  return REFUSALS.has(status) || idempotencyKey ? 'safe' : 'unsafe'
}
