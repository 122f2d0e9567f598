import type { AbortScope } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import { withDeadline } from '../core/race.ts'
import { type AttemptRecord, keepOutOfPrint, RequestError } from '../errors/errors.ts'
import { redact } from '../errors/redact.ts'
import type { RequestBody } from '../transport/transport.ts'

/** What `onPreviousResponseNotFound` is told. */
export interface PreviousResponseNotFoundContext {
  /** The id that the endpoint does not know. */
  readonly previousResponseId: string
  /** The request as it was sent. A copy: changing it changes nothing. */
  readonly request: { readonly url: string; readonly body: Readonly<Record<string, unknown>> }
  readonly attempts: readonly AttemptRecord[]
  /**
   * `first_answer`: the endpoint said so at once. `after_transport_failure`: an attempt was lost before, the endpoint was
   * asked once more, and it said so again. `state_not_portable`: nothing was sent, because it is not known which of the
   * `endpoints` has the response.
   */
  readonly reason: 'first_answer' | 'after_transport_failure' | 'state_not_portable'
}

/**
 * May answer a genuine not-found with the body of a request that does without `previous_response_id`, usually one with the
 * whole history as `input`. It is used once. `undefined`: the endpoint's own answer surfaces, untouched.
 */
export type PreviousResponseNotFoundHook = (
  context: PreviousResponseNotFoundContext,
) => Readonly<Record<string, unknown>> | undefined | PromiseLike<Readonly<Record<string, unknown>> | undefined>

/** Rebuilding may read a history from somewhere, but a hook that never settles must not hang the call. */
const HOOK_DEADLINE_MS = 30_000

/**
 * Asks the hook. What it leaves open of the request (`model`, `stream`) stays its own business, except that a call that
 * streams goes on streaming.
 *
 * @throws RequestError `hook_failed`; the caller's reason on an abort.
 */
export async function askHook(
  hook: PreviousResponseNotFoundHook,
  context: PreviousResponseNotFoundContext,
  { clock, scope }: { readonly clock: Clock; readonly scope: AbortScope },
): Promise<RequestBody | undefined> {
  const failed = (why: string, cause?: unknown): RequestError => {
    const error = new RequestError(`onPreviousResponseNotFound ${why}.`, {
      code: 'hook_failed',
      attempts: context.attempts,
    })
    return cause === undefined ? error : keepOutOfPrint(error, 'cause', cause)
  }
  const asked = (async () => hook({ ...context, request: structuredClone(context.request) }))().catch(
    (error: unknown) => {
      throw failed(`failed: ${error instanceof Error ? redact(error.message) : 'no detail'}`, error)
    },
  )
  const rebuilt: unknown = await withDeadline(asked, {
    clock,
    ms: HOOK_DEADLINE_MS,
    scope,
    onTimeout: () => failed(`timed out: it did not settle within ${HOOK_DEADLINE_MS} ms`),
  })
  if (rebuilt === undefined) return undefined
  if (typeof rebuilt !== 'object' || rebuilt === null || Array.isArray(rebuilt)) {
    throw failed('must return the body of a request as an object, or undefined')
  }
  const { stream } = context.request.body
  const body = stream === undefined || 'stream' in rebuilt ? rebuilt : { ...rebuilt, stream }
  return { kind: 'bytes', isText: true, bytes: new TextEncoder().encode(JSON.stringify(body)) }
}
