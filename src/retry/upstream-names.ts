/** What the names in `error.code` and `error.type` of endpoints mean. All functions are pure. */

/** `quota`, `policy`, `request`: the same request would fail again. `pushback`: a retry can succeed. */
export type NameMeaning = 'quota' | 'policy' | 'request' | 'pushback'

/** Failures that a retry can heal. */
const PUSHBACK_NAMES: ReadonlySet<string> = new Set([
  'server_error',
  'internal_error',
  'internal_server',
  'internal_server_error',
  'server_is_overloaded',
  'overloaded',
  'overloaded_error',
  'service_unavailable',
  'service_unavailable_error',
  'slow_down',
  'vector_store_timeout',
  'model_not_ready',
  'model_timeout',
])

/** Those of them that say the request was refused before any work was done. */
const REFUSED_NAMES: ReadonlySet<string> = new Set([
  'server_is_overloaded',
  'overloaded',
  'overloaded_error',
  'service_unavailable',
  'service_unavailable_error',
  'slow_down',
])

/** Too many requests. The request itself is fine, whatever the status. */
const RATE =
  /^(?:throttl(?:ing|ed)(?:_error)?|too_many_requests(?:_error)?|rate_limit(?:_exceeded|_error|_reached)?|rate_limited)$/

/** Money, purchased limits, and closed accounts. */
const MONEY =
  /(?:^|_)(?:billing|payments?|credits?|quota|insufficient_(?:funds|balance)|(?:account|low|negative|no)_balance|balance_(?:exhausted|insufficient|too_low)|spend(?:ing)?_limit|usage_limit|usage_not_included|(?:account|organization|project|subscription)_(?:deactivated|disabled|suspended|inactive|closed|expired))(?:_|$)/

const POLICY = /_policy/

/** Whole names that mean the request would fail again, even with a status from 500. */
const REQUEST_NAMES =
  /^(?:context_length_exceeded|invalid_prompt|data_residency_mismatch|invalid_image.*|image_.*|empty_image_file|unsupported_image_media_type|invalid_base64_image|failed_to_download_image|invalid_request_error|authentication_error|permission_error|not_found_error)$/

/** Patterns of names for a request that is wrong in itself. New names of these patterns need no row. */
const REQUEST_PATTERN =
  /^(?:invalid_.+|unsupported_.+|missing_.+|malformed_.+|unknown_(?:parameter|model|field|tool|argument|url)|content_filter(?:ed)?|unauthorized|unauthenticated|forbidden|bad_request|unprocessable_entity|validation|access_denied|permission_denied|authentication|(?:validation|access_denied|permission_denied|unauthorized|forbidden|bad_request|unprocessable_entity)_error|incorrect_api_key.*|.+_not_found|.+_not_supported|.+_(?:invalid|unsupported|deprecated)|.+_too_(?:long|large|short|small|many)|.+_(?:above|below)_(?:max|min).*|.+_length_exceeded)$/

/** A name about a server that the endpoint depends on says nothing about the request. */
const BEHIND =
  /(?:^|_)(?:upstream|gateway|server|servers|backend|provider|host|proxy|worker|node|channel|internal|unavailable|timeout|timed_out|temporar(?:y|ily))(?:_|$)|^invalid(?:_\w+)?_response(?:_body)?$|^invalid_(?:state|status)$/

/**
 * Normalizes a name for comparison: `com.amazon.bedrock#ThrottlingException` becomes `throttling`, `BadRequestError`
 * becomes `bad_request_error`.
 */
function normalized(name: string): string {
  return name
    .slice(name.lastIndexOf('#') + 1)
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/_exception$/, '')
}

/** Names of a class of errors, by which endpoints label every answer of 4xx. They repeat a status and name no cause. */
const ERROR_CLASS =
  /^(?:invalid_request|bad_request|(?:invalid_request|bad_request|authentication|permission|permission_denied|forbidden|unauthorized|not_found|unprocessable_entity|validation)_error)$/

/** Whether the name is that of a class of errors, such as `invalid_request_error`, and not of a cause. */
export function isErrorClass(given: string): boolean {
  return ERROR_CLASS.test(normalized(given))
}

/**
 * What a name means. `undefined` for an unknown name.
 *
 * @param isOfServer the status is 500 or above: the server failed, so only a whole known name still means that the
 * request is wrong.
 */
export function meaningOfName(given: string, isOfServer: boolean): NameMeaning | undefined {
  const name = normalized(given)
  if (RATE.test(name)) return 'pushback'
  if (MONEY.test(name) && !BEHIND.test(name)) return 'quota'
  if (POLICY.test(name)) return 'policy'
  if (PUSHBACK_NAMES.has(name)) return 'pushback'
  if (REQUEST_NAMES.test(name)) return 'request'
  return !isOfServer && REQUEST_PATTERN.test(name) && !BEHIND.test(name) ? 'request' : undefined
}

/** Whether the name says that the request was refused before any work was done. */
export function isRefusalName(given: string): boolean {
  const name = normalized(given)
  return REFUSED_NAMES.has(name) || RATE.test(name)
}
