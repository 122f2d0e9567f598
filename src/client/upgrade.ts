import type { Call, CallOutcome } from '../call/call.ts'
import { parseBody } from '../call/request-traits.ts'
import type { AbortScope } from '../core/abort.ts'
import { jsonOf } from '../core/json-text.ts'
import { UpstreamError } from '../errors/errors.ts'
import { ResponseFailedError } from '../responses/failed-error.ts'
import { foldSession } from '../responses/fold.ts'
import { StreamSession } from '../responses/session.ts'
import type { TelemetryEmitter } from '../telemetry/emitter.ts'
import type { HeaderPairs } from '../transport/transport.ts'
import type { FetchRequest } from './fetch-request.ts'

/**
 * The streaming version of a Responses call that asked for a whole response. `undefined` for a call that cannot be streamed:
 * background calls return at once, and a body that cannot be parsed is sent as it is.
 */
export function streamingTwin(request: FetchRequest): FetchRequest | undefined {
  const { body, headers } = request
  const json = body.kind === 'bytes' ? parseBody(body.bytes, headers) : undefined
  if (json === undefined || json.stream === true || json.background === true) return undefined
  const bytes = new TextEncoder().encode(jsonOf({ ...json, stream: true }))
  return {
    ...request,
    headers: headers.filter(([name]) => name !== 'content-encoding'),
    body: { kind: 'bytes', isText: true, bytes },
  }
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

/**
 * Whether the endpoint refuses to stream what it would answer whole: some models do not stream, and some need a verified
 * organization to. Nothing was generated.
 */
export function refusesToStream({ gaveUp }: CallOutcome): boolean {
  const { status, upstreamParam, upstreamMessage = '' } = gaveUp?.failure ?? {}
  return (status === 400 || status === 422) && (upstreamParam === 'stream' || NO_STREAMING.test(upstreamMessage))
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
