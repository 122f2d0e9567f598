import type { Lane } from '../errors/catalog.ts'
import { type Failure, failure } from '../errors/failure.ts'
import { redact } from '../errors/redact.ts'
import { isPreviousResponseNotFound, unsupportedParameter } from './continuity.ts'
import { readHint, type UpstreamErrorFields } from './hints.ts'

/** Codes of failures that another try can heal. */
const PUSHBACK_CODES: ReadonlySet<string> = new Set([
  'server_error',
  'internal_error',
  'internal_server_error',
  'server_is_overloaded',
  'overloaded',
  'overloaded_error',
  'service_unavailable',
  'slow_down',
  'vector_store_timeout',
  'rate_limit_exceeded',
  'rate_limit_error',
])

/** Of those, the ones which say that the request was turned away before anything was done. */
const REFUSED_CODES: ReadonlySet<string> = new Set([
  'server_is_overloaded',
  'overloaded',
  'overloaded_error',
  'service_unavailable',
  'slow_down',
  'rate_limit_exceeded',
  'rate_limit_error',
])

/** Money and quota: no `x-should-retry` makes them heal. */
const QUOTA_CODE =
  /^(?:insufficient_quota|usage_limit_reached|usage_not_included|credit_balance_exhausted|.*_spend_limit_exceeded|organization_usage_limit_exceeded)$/
const POLICY_CODE = /_policy/

/** The request itself is at fault: it would fail again. */
const FINAL_CODE =
  /^(?:context_length_exceeded|invalid_prompt|data_residency_mismatch|invalid_image.*|image_.*|empty_image_file|unsupported_image_media_type|invalid_base64_image|failed_to_download_image|invalid_request_error|previous_response_not_found|authentication_error|permission_error|not_found_error)$/

const PUSHBACK_STATUSES: ReadonlySet<number> = new Set([
  408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529,
])
const REFUSED_STATUSES: ReadonlySet<number> = new Set([429, 503, 529])

/** Longer than any code there is. */
const MAX_CODE = 100

export interface UpstreamAnswer {
  /** The HTTP status; `undefined` for a failure reported inside a stream. */
  readonly status: number | undefined
  readonly error: UpstreamErrorFields | undefined
  header(name: string): string | undefined
  readonly wallNow: number
  readonly responseId?: string | undefined
  readonly secrets: readonly string[]
}

/** What the endpoint's own failure means (5.3): by `error.code` first, then `error.type`, then the status. Pure. */
export function classifyUpstream(answer: UpstreamAnswer): Failure {
  const { status, error } = answer
  const verdict = verdictOf(answer)
  // Codes come from outside, too: an endpoint may echo into them what it was sent.
  const shown = (name: string | undefined) => (name === undefined ? undefined : redact(name, answer.secrets, MAX_CODE))
  const named = shown(error?.code ?? error?.type)
  const text = error?.message === undefined ? '' : `: ${redact(error.message, answer.secrets)}`
  const where =
    status === undefined ? 'The endpoint reported a failure in the stream' : `The endpoint answered ${status}`
  const notFound = isPreviousResponseNotFound(status, error)
  const unsupported = notFound ? undefined : unsupportedParameter(status, error)
  const code = notFound
    ? 'previous_response_not_found'
    : unsupported !== undefined
      ? 'unsupported_by_endpoint'
      : status === undefined
        ? 'response_failed'
        : 'http_status'
  return failure(code, `${where}${named ? ` (${named})` : ''}${text}`, {
    lane: notFound || unsupported !== undefined ? undefined : verdict,
    status,
    upstreamCode: shown(error?.code),
    upstreamType: shown(error?.type),
    unsupported,
    hintMs: readHint(answer),
    refused: isRefusal(status, error),
    responseId: answer.responseId,
  })
}

function verdictOf({ status, error, header }: UpstreamAnswer): Lane | undefined {
  const shouldRetry = header('x-should-retry')?.trim().toLowerCase()
  if (shouldRetry === 'false') return undefined
  for (const name of [error?.code, error?.type]) {
    if (name !== undefined && (QUOTA_CODE.test(name) || POLICY_CODE.test(name))) return undefined
  }
  if (shouldRetry === 'true') return 'pushback'
  for (const name of [error?.code, error?.type]) {
    if (name === undefined) continue
    if (PUSHBACK_CODES.has(name)) return 'pushback'
    if (FINAL_CODE.test(name)) return undefined
  }
  if (status === undefined) return 'pushback'
  return PUSHBACK_STATUSES.has(status) ? 'pushback' : undefined
}

function isRefusal(status: number | undefined, error: UpstreamErrorFields | undefined): boolean {
  if (status !== undefined && REFUSED_STATUSES.has(status)) return true
  const named = error?.code ?? error?.type
  return named !== undefined && REFUSED_CODES.has(named)
}

/**
 * The error fields of a body or event, in whichever of its many shapes they come: `{ error: { … } }`, `{ error: "text" }`,
 * fields at the top level, `{ detail }` of gateways, or `response.error` of a failed response. Wrong types are skipped.
 */
export function errorFieldsOf(value: unknown): UpstreamErrorFields | undefined {
  if (!isRecord(value)) return undefined
  const response = isRecord(value.response) ? value.response : undefined
  const candidates = [response?.error, value.error, value]
  for (const candidate of candidates) {
    if (typeof candidate === 'string' && candidate !== '') return { message: candidate }
    if (!isRecord(candidate)) continue
    const fields: UpstreamErrorFields = {
      code: text(candidate.code),
      // The `type` of an event is not the type of an error.
      type: candidate === value ? errorType(candidate.type) : text(candidate.type),
      param: text(candidate.param),
      message: text(candidate.message) ?? text(candidate.detail),
      resetsInSeconds: finite(candidate.resets_in_seconds),
      resetsAt: finite(candidate.resets_at),
    }
    if (Object.values(fields).some((field) => field !== undefined)) return fields
  }
  return undefined
}

function errorType(type: unknown): string | undefined {
  const name = text(type)
  return name === 'error' || name?.includes('.') ? undefined : name
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function finite(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}
