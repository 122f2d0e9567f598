import type { RetryLane } from '../errors/catalog.ts'
import { type Failure, failure } from '../errors/failure.ts'
import { redact } from '../errors/redact.ts'
import type { Classification } from './classify-hook.ts'
import { isPreviousResponseNotFound, unsupportedParameter } from './continuity.ts'
import { statusNamedBy, statusSaidBy, type UpstreamErrorFields } from './error-fields.ts'
import { readHint } from './hints.ts'
import { isErrorClass, isRefusalName, meaningOfName } from './upstream-names.ts'

/**
 * Statuses below 500 that can be retried. All statuses from 500 can: they say that the endpoint failed, and SDKs retry
 * them.
 */
const PUSHBACK_STATUSES: ReadonlySet<number> = new Set([408, 409, 425, 429])
const REFUSED_STATUSES: ReadonlySet<number> = new Set([429, 503, 529])

/** Longer than any known code. */
const MAX_CODE = 100

/** A bound on what an endpoint can put into an error, longer than any readable message. Characters. */
export const MAX_MESSAGE = 8192

export interface UpstreamAnswer {
  /** The HTTP status. `undefined` for a failure reported inside a stream. */
  readonly status: number | undefined
  readonly error: UpstreamErrorFields | undefined
  /** The host that answered, for the message. */
  readonly host?: string | undefined
  header(name: string): string | undefined
  readonly wallNow: number
  readonly responseId?: string | undefined
  readonly secrets: readonly string[]
  /** Removes echoes of the request body from a text. */
  readonly withoutEchoes?: ((text: string) => string) | undefined
  /** The answer of the user's `classify`. Called only where the failure is not final for another reason. */
  readonly classify?: (() => Classification | undefined) | undefined
  /** Headers of the answer, kept for errors that show them on request. */
  readonly headers?: ReadonlyArray<readonly [string, string]> | undefined
  readonly body?: unknown
}

/**
 * What a failure reported by the endpoint means: by `error.code` first, then `error.type`, then the status. The name of a
 * class of errors does not overrule a status that is retried. Pure.
 */
export function classifyUpstream(answer: UpstreamAnswer): Failure {
  const { status, error, host = 'The endpoint', secrets, withoutEchoes = (text: string) => text } = answer
  // Inside a stream the only status is the one that the event names.
  const meant = status ?? statusSaidBy(error)
  const notFound = isPreviousResponseNotFound(meant, error)
  const unsupported = notFound ? undefined : unsupportedParameter(meant, error)
  const lane = notFound ? undefined : laneOf(answer, meant, unsupported !== undefined)
  // An endpoint may echo what it was sent, in codes too.
  const shown = (name: string | undefined) =>
    name === undefined ? undefined : redact(withoutEchoes(name), secrets, MAX_CODE)
  const message = error?.message === undefined ? undefined : redact(withoutEchoes(error.message), secrets, MAX_MESSAGE)
  const named = shown(error?.code ?? error?.type)
  const where = status === undefined ? `${host} reported a failure in the stream` : `${host} answered ${status}`
  const code = notFound
    ? 'previous_response_not_found'
    : unsupported !== undefined
      ? 'unsupported_by_endpoint'
      : status === undefined
        ? 'response_failed'
        : 'http_status'
  return failure(
    code,
    `${where}${named && named !== String(status) ? ` (${named})` : ''}${message === undefined ? '' : `: ${message}`}`,
    {
      lane,
      status,
      statusInStream: status === undefined ? meant : undefined,
      upstreamCode: shown(error?.code),
      upstreamType: shown(error?.type),
      upstreamParam: shown(error?.param),
      upstreamMessage: message,
      answer: answer.headers === undefined ? undefined : { headers: answer.headers, body: answer.body },
      unsupported,
      hintMs: readHint({ ...answer, header: (name) => answer.header(name), isPushback: lane === 'pushback' }),
      refused: isRefusal(meant, error),
      responseId: answer.responseId,
    },
  )
}

function laneOf(answer: UpstreamAnswer, status: number | undefined, isUnsupported: boolean): RetryLane | undefined {
  const { error, header, classify } = answer
  const names = [error?.code, error?.type].filter((name) => name !== undefined)
  const isStatusRetried = status !== undefined && laneOfStatus(status) !== undefined
  const meanings = names.map((name) =>
    // OpenAI labels a 409 `invalid_request_error`, and SDKs retry it: such a label must not overrule the status.
    isStatusRetried && isErrorClass(name) ? undefined : meaningOfName(name, status !== undefined && status >= 500),
  )
  const shouldRetry = header('x-should-retry')?.trim().toLowerCase()
  if (shouldRetry === 'false') return undefined
  // An empty account: a retry cannot help, whatever `classify` or `x-should-retry` say.
  if (meanings.includes('quota')) return undefined
  const own = classify?.()
  if (own !== undefined) return own === 'final' ? undefined : own
  if (isUnsupported || meanings.includes('policy')) return undefined
  if (shouldRetry === 'true') return 'pushback'
  for (const [index, name] of names.entries()) {
    if (meanings[index] === 'pushback') return 'pushback'
    if (meanings[index] === 'request') return undefined
    // Beside an HTTP status a numeric code repeats it, or belongs to an endpoint that the gateway called.
    const named = answer.status === undefined ? statusNamedBy(name) : undefined
    if (named !== undefined) return laneOfStatus(named)
  }
  return laneOfStatus(status)
}

/** A failure without a status and a known name has an unknown cause, so it is retried. */
function laneOfStatus(status: number | undefined): RetryLane | undefined {
  return status === undefined || status >= 500 || PUSHBACK_STATUSES.has(status) ? 'pushback' : undefined
}

function isRefusal(status: number | undefined, error: UpstreamErrorFields | undefined): boolean {
  if (status !== undefined && REFUSED_STATUSES.has(status)) return true
  const named = error?.code ?? error?.type
  return named !== undefined && isRefusalName(named)
}
