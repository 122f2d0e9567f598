import type { AbortScope } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import { withDeadline } from '../core/race.ts'
import { shortTime } from '../core/short-time.ts'
import { shownKind } from '../core/shown.ts'
import { keepOutOfPrint, RequestError } from '../errors/errors.ts'
import { redact } from '../errors/redact.ts'

/** Returns the `baseURL` of the endpoint where a response or a conversation lives. `null` or `undefined`: not known. */
export type EndpointOf = (responseId: string) => string | null | undefined | PromiseLike<string | null | undefined>

/** Longer than a database lookup takes. */
const ENDPOINT_OF_DEADLINE_MS = 30_000

/** What the lookup needs from its call. It ends with the call. */
export interface AskContext {
  readonly clock: Clock
  readonly scope: AbortScope
  /** Time left for the call, and the error for when that is over. Milliseconds. */
  readonly leftMs: number
  outOfTime(): Error
}

/**
 * Calls the option `endpointOf`, for at most 30 s.
 *
 * @throws RequestError `hook_failed` when it throws, rejects, does not settle, or returns neither a string nor nothing;
 * the caller's own reason on an abort.
 */
export async function askEndpointOf(
  endpointOf: EndpointOf,
  responseId: string,
  { clock, scope, leftMs, outOfTime }: AskContext,
): Promise<string | undefined> {
  const failed = (why: string): RequestError => new RequestError(`endpointOf ${why}.`, { code: 'hook_failed' })
  const asked = (async () => endpointOf(responseId))().catch((error: unknown) => {
    const detail = error instanceof Error ? redact(error.message) : 'no detail'
    throw keepOutOfPrint(failed(`failed: ${detail}`), 'cause', error)
  })
  const isUrgent = leftMs < ENDPOINT_OF_DEADLINE_MS
  const said: unknown = await withDeadline(asked, {
    clock,
    ms: isUrgent ? leftMs : ENDPOINT_OF_DEADLINE_MS,
    scope,
    onTimeout: () =>
      isUrgent ? outOfTime() : failed(`timed out: it did not settle within ${shortTime(ENDPOINT_OF_DEADLINE_MS)}`),
  })
  if (said === undefined || said === null) return undefined
  if (typeof said === 'string') return said
  throw failed(`returned ${shownKind(said)}; accepted: the baseURL of an endpoint, or undefined`)
}
