import type { AbortScope } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import { withDeadline } from '../core/race.ts'
import { shortTime } from '../core/short-time.ts'
import { type AttemptRecord, keepOutOfPrint, RequestError } from '../errors/errors.ts'
import { redact } from '../errors/redact.ts'
import type { RequestBody } from '../transport/transport.ts'

/** The argument of `onPreviousResponseNotFound`. */
export interface PreviousResponseNotFoundContext {
  /** The id that the endpoint does not know. */
  readonly previousResponseId: string
  /** A copy of the request that was sent. */
  readonly request: { readonly url: string; readonly body: Readonly<Record<string, unknown>> }
  readonly attempts: readonly AttemptRecord[]
  /**
   * `first_answer`: the endpoint said so at once. `after_transport_failure`: an attempt was lost, the request was sent
   * again, and the endpoint said so again. `state_not_portable`: nothing was sent, because it is not known which of the
   * `endpoints` is the owner. `socket_lost`: the response was made with `store: false` on a WebSocket, whose server alone kept
   * it, and it cannot be continued there any more.
   */
  readonly reason: 'first_answer' | 'after_transport_failure' | 'state_not_portable' | 'socket_lost'
}

/**
 * May return a request body without `previous_response_id` after a genuine not-found, usually one with the whole
 * history as `input`. It is used once. `undefined`: the call returns the endpoint's own answer unchanged.
 */
export type PreviousResponseNotFoundHook = (
  context: PreviousResponseNotFoundContext,
) => Readonly<Record<string, unknown>> | undefined | PromiseLike<Readonly<Record<string, unknown>> | undefined>

/** The hook may load a history, but one that never settles must not hang the call. */
const HOOK_DEADLINE_MS = 30_000

/**
 * Calls the hook. Fields that its body leaves out (`model`, `stream`) are not filled in, except that a streaming call
 * stays one.
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
    onTimeout: () => failed(`timed out: it did not settle within ${shortTime(HOOK_DEADLINE_MS)}`),
  })
  if (rebuilt === undefined) return undefined
  if (typeof rebuilt !== 'object' || rebuilt === null || Array.isArray(rebuilt)) {
    throw failed('must return the body of a request as an object, or undefined')
  }
  const { stream } = context.request.body
  const body = stream === undefined || 'stream' in rebuilt ? rebuilt : { ...rebuilt, stream }
  return { kind: 'bytes', isText: true, bytes: new TextEncoder().encode(JSON.stringify(body)) }
}
