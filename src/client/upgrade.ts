import type { Call, CallOutcome } from '../call/call.ts'
import { type RequestTraits, traitsOf } from '../call/request-traits.ts'
import { type CreateBody, readCreate } from '../call/socket-body.ts'
import type { AbortScope } from '../core/abort.ts'
import { withMembers } from '../core/json-members.ts'
import { utf8 } from '../core/utf8.ts'
import { UpstreamError } from '../errors/errors.ts'
import { ResponseFailedError } from '../responses/failed-error.ts'
import { foldSession } from '../responses/fold.ts'
import { StreamSession } from '../responses/session.ts'
import type { ClassifyHook } from '../retry/classify-hook.ts'
import type { TelemetryEmitter } from '../telemetry/emitter.ts'
import type { HeaderPairs } from '../transport/transport.ts'
import type { FetchRequest } from './fetch-request.ts'

/** A call that is streamed in the place of one for a whole response. */
export interface StreamingTwin {
  readonly request: FetchRequest
  readonly traits: RequestTraits
}

/**
 * The streaming version of a Responses call that asked for a whole response: the caller's text with `stream: true`. `undefined` for
 * a call that is sent as it came: a body that cannot be parsed, a background call, which returns at once, and a call whose fields
 * about streaming are wrong, so that the endpoint says so.
 */
export function streamingTwin(request: FetchRequest): StreamingTwin | undefined {
  const read = readCreate(request.body, request.headers)
  if (read === undefined || !asksForWhole(read.json)) return undefined
  const twin: FetchRequest = {
    ...request,
    headers: request.headers.filter(([name]) => name !== 'content-encoding'),
    body: { kind: 'bytes', isText: true, bytes: utf8(withMembers(read.text, { stream: 'true' })) },
  }
  return { request: twin, traits: traitsOf(twin, { ...read.json, stream: true }) }
}

function asksForWhole({ stream, stream_options, background }: CreateBody['json']): boolean {
  return (stream ?? false) === false && (background ?? false) === false && stream_options == null
}

/** The result of folding a stream: the JSON of the response, or the session whose call gave up with an answer. */
export type Folded =
  | {
      readonly kind: 'response'
      readonly json: object
      readonly status: number
      /** The headers of the stream. */
      readonly headers: HeaderPairs
      /** The error from which the JSON was made, if the endpoint reported a failure without a response. */
      readonly error?: UpstreamError | undefined
    }
  | { readonly kind: 'answer'; readonly outcome: NonNullable<StreamSession['gaveUp']> }

/**
 * Reads the stream of a call, and folds it into what an endpoint without streaming would have sent.
 *
 * @param scope of the call.
 * @throws the error of the call.
 */
export async function foldCall(
  call: Call,
  outcome: CallOutcome,
  scope: AbortScope,
  telemetry: TelemetryEmitter,
): Promise<Folded> {
  const session = new StreamSession({
    scope,
    outcome,
    intake: { validate: 'off', mendsGaps: false, telemetry, startingAfter: undefined },
    begin: () => call,
    resumption: undefined,
    interruption: 'fold',
    maxBytes: call.context.reading.maxEventBytes,
  })
  try {
    const json = await foldSession(session, {})
    return { kind: 'response', json, status: 200, headers: session.headers }
  } catch (error) {
    if (session.gaveUp?.gaveUp?.failure.status !== undefined) return { kind: 'answer', outcome: session.gaveUp }
    if (!(error instanceof UpstreamError)) throw error
    // An endpoint without streaming sends the failed response, or an error body if it has none.
    if (error instanceof ResponseFailedError && error.response !== undefined)
      return { kind: 'response', json: error.response, status: 200, headers: session.headers, error }
    const { upstreamCode: code, type, param, upstreamMessage } = error
    const message = upstreamMessage ?? error.message
    return {
      kind: 'response',
      json: { error: { code: code ?? null, type: type ?? 'server_error', message, param: param ?? null } },
      status: statusOf(error),
      headers: session.headers,
      error,
    }
  }
}

const NO_STREAMING = /\bstream(?:ing|s)?\b[^.]*\b(?:not|un)[ -]?support|\b(?:not|n['’]t) support\b[^.]*\bstream/i

/** The status of an endpoint that cannot do what was asked (RFC 9110 15.6.2). */
const NOT_IMPLEMENTED = 501

/**
 * Whether the endpoint refuses to stream what it would answer whole: some models do not stream, and some need a verified
 * organization to. Nothing was generated.
 */
export function refusesToStream({ gaveUp }: CallOutcome): boolean {
  const { status, upstreamParam, upstreamMessage = '' } = gaveUp?.failure ?? {}
  if (status === NOT_IMPLEMENTED) return true
  return (status === 400 || status === 422) && (upstreamParam === 'stream' || NO_STREAMING.test(upstreamMessage))
}

/** How failures of the streaming twin are retried: a 501 is not, because the call is sent as it came instead. */
export function classifyOfTwin(own: ClassifyHook | undefined): ClassifyHook {
  return (seen) => own?.(seen) ?? (seen.where === 'status' && seen.status === NOT_IMPLEMENTED ? 'final' : undefined)
}

/** The status that an endpoint would have answered with, where it has put the error into a 200. */
export function statusOf({
  status,
  upstreamCode,
  retryable,
}: Pick<UpstreamError, 'status' | 'upstreamCode' | 'retryable'>): number {
  if (status !== undefined) return status
  return upstreamCode?.startsWith('rate_limit') ? 429 : retryable ? 503 : 400
}
