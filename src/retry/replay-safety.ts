import type { ReplaySafety } from '../errors/errors.ts'
import type { Failure } from '../errors/failure.ts'

/** The traits of a request that decide whether it may be sent again. */
export interface ReplayTraits {
  /** The body can be read only once. */
  readonly readOnce: boolean
  /** Whether reading of that body has begun. */
  readonly bodyOpened: boolean
  /** `conversation` or `background`: a second request would double state at the endpoint. */
  readonly stateful: boolean
  /** Whether the call is a passthrough call. */
  readonly passthrough: boolean
  /** Safe to send again, by its method or because the API says so for its path. */
  readonly idempotent: boolean
  /** The caller sent an `Idempotency-Key`. */
  readonly idempotencyKey: boolean
}

type Facts = Pick<Failure, 'connecting' | 'refused' | 'status' | 'deadline'>

/** Statuses that refuse a request before any work is done. */
const REFUSALS: ReadonlySet<number> = new Set([425, 429, 503, 529])

/** Whether the same request may be sent again after a failure. One line for each cell of the replay table. Pure. */
export function replaySafety(traits: ReplayTraits, failed: Facts): ReplaySafety {
  const notSent = failed.connecting === true
  if (traits.readOnce) return traits.bodyOpened ? 'unsafe' : 'safe'
  if (notSent) return 'safe'
  if (traits.passthrough) return ofPassthrough(traits, failed)
  if (traits.stateful) return failed.refused ? 'safe' : 'unknown'
  return 'safe'
}

function ofPassthrough({ idempotent, idempotencyKey }: ReplayTraits, { status, deadline }: Facts): ReplaySafety {
  // The endpoint may still be working on it, and the retry may take as long.
  if (deadline !== undefined) return idempotent ? 'unknown' : 'unsafe'
  if (idempotent) return 'safe'
  if (status === undefined) return 'unsafe'
  return REFUSALS.has(status) || idempotencyKey ? 'safe' : 'unsafe'
}
