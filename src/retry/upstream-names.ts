/** What the names mean that endpoints give to their failures, in `error.code` and `error.type`. All of it is pure. */

/** `quota`, `request`: the same request would fail again. `pushback`: another try can heal the failure. */
export type NameMeaning = 'quota' | 'policy' | 'request' | 'pushback'

/** Names of failures that another try can heal. */
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

/** Of those, the ones which say that the request was turned away before anything was done. */
const REFUSED_NAMES: ReadonlySet<string> = new Set([
  'server_is_overloaded',
  'overloaded',
  'overloaded_error',
  'service_unavailable',
  'service_unavailable_error',
  'slow_down',
])

/** Too much at once. The request itself is fine, whatever status the endpoint gives to that. */
const RATE =
  /^(?:throttl(?:ing|ed)(?:_error)?|too_many_requests(?:_error)?|rate_limit(?:_exceeded|_error|_reached)?|rate_limited)$/

/** Words of money, of what an account has bought, and of an account that is closed. */
const MONEY =
  /(?:^|_)(?:billing|payments?|credits?|quota|insufficient_(?:funds|balance)|(?:account|low|negative|no)_balance|balance_(?:exhausted|insufficient|too_low)|spend(?:ing)?_limit|usage_limit|usage_not_included|(?:account|organization|project|subscription)_(?:deactivated|disabled|suspended|inactive|closed|expired))(?:_|$)/

const POLICY = /_policy/

/** The whole names that say of a request that it would fail again, even where they come with a status of the server. */
const REQUEST_NAMES =
  /^(?:context_length_exceeded|invalid_prompt|data_residency_mismatch|invalid_image.*|image_.*|empty_image_file|unsupported_image_media_type|invalid_base64_image|failed_to_download_image|invalid_request_error|authentication_error|permission_error|not_found_error)$/

/** How names of a request that is wrong in itself are made. New ones of that kind need no row of their own. */
const REQUEST_PATTERN =
  /^(?:invalid_.+|unsupported_.+|missing_.+|malformed_.+|unknown_(?:parameter|model|field|tool|argument|url)|content_filter(?:ed)?|unauthorized|unauthenticated|forbidden|bad_request|unprocessable_entity|validation|access_denied|permission_denied|authentication|(?:validation|access_denied|permission_denied|unauthorized|forbidden|bad_request|unprocessable_entity)_error|incorrect_api_key.*|.+_not_found|.+_not_supported|.+_(?:invalid|unsupported|deprecated)|.+_too_(?:long|large|short|small|many)|.+_(?:above|below)_(?:max|min).*|.+_length_exceeded)$/

/** Where the name speaks of what stands behind the endpoint, it says nothing about the request. */
const BEHIND =
  /(?:^|_)(?:upstream|gateway|server|servers|backend|provider|host|proxy|worker|node|channel|internal|unavailable|timeout|timed_out|temporar(?:y|ily))(?:_|$)|^invalid(?:_\w+)?_response(?:_body)?$|^invalid_(?:state|status)$/

/**
 * A name as it is compared: `com.amazon.bedrock#ThrottlingException` is `throttling`, `BadRequestError` is
 * `bad_request_error`.
 */
function normalized(name: string): string {
  return name
    .slice(name.lastIndexOf('#') + 1)
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/_exception$/, '')
}

/**
 * What a name means; `undefined` for one that says nothing.
 *
 * @param isOfServer the failure has a status from 500: the server failed, and only a name that is known as a whole still says
 * that the request is at fault.
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

/** Whether the name says that the request was turned away before anything was done. */
export function isRefusalName(given: string): boolean {
  const name = normalized(given)
  return REFUSED_NAMES.has(name) || RATE.test(name)
}
