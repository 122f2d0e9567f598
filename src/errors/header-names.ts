/** What the name of a header says: where it may be sent, and whether its value may be shown. */

/**
 * Headers that mean the same at every endpoint and hold no secret. Only these are sent to another origin without being
 * named. A list of credentials instead would miss the names that the next gateway invents.
 */
const PORTABLE: ReadonlySet<string> = new Set([
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'content-encoding',
  'content-language',
  'content-length',
  'content-type',
  'range',
  'user-agent',
  'openai-beta',
  'idempotency-key',
  'traceparent',
  'tracestate',
  'b3',
  'x-b3-flags',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-spanid',
  'x-b3-traceid',
  'x-client-request-id',
  'x-request-id',
])

/** W3C trace context: the only headers of an instrumentation that are sent to another origin. */
const TRACE: ReadonlySet<string> = new Set(['traceparent', 'tracestate'])

/** Headers of SDKs and of HTTP itself, whose values are ordinary words (`node`, `Linux`, `stream`). */
const ORDINARY: ReadonlySet<string> = new Set([
  'cache-control',
  'connection',
  'expect',
  'host',
  'keep-alive',
  'pragma',
  'priority',
  'sec-fetch-mode',
  'te',
  'transfer-encoding',
  'x-stainless-arch',
  'x-stainless-async',
  'x-stainless-helper-method',
  'x-stainless-lang',
  'x-stainless-os',
  'x-stainless-package-version',
  'x-stainless-poll-helper',
  'x-stainless-read-timeout',
  'x-stainless-retry-count',
  'x-stainless-runtime',
  'x-stainless-runtime-version',
  'x-stainless-timeout',
])

/** Further header names that a message may show: names that clients of such endpoints use. */
const WELL_KNOWN: ReadonlySet<string> = new Set([
  'api-key',
  'authorization',
  'chatgpt-account-id',
  'cookie',
  'helicone-auth',
  'http-referer',
  'ocp-apim-subscription-key',
  'openai-organization',
  'openai-project',
  'originator',
  'proxy-authorization',
  'referer',
  'session-id',
])

/** `x-` and words of letters. Any other name may be a value given in the wrong place. */
const EXTENSION = /^x(?:-[a-z]{1,16}){1,5}$/

const CREDENTIAL = /auth|cookie|key|token|secret|credential|passw|signature/

/** Whether a header may be sent to another origin than the one it was given for. */
export function isPortableHeader(name: string): boolean {
  return PORTABLE.has(name.toLowerCase())
}

/** Whether a header carries W3C trace context. */
export function isTraceHeader(name: string): boolean {
  return TRACE.has(name.toLowerCase())
}

/** Whether the value of a header may appear in a message. */
export function isHarmlessHeader(name: string): boolean {
  const lower = name.toLowerCase()
  return PORTABLE.has(lower) || ORDINARY.has(lower)
}

/**
 * Whether a header carries a credential, by its name. Not used to decide what is secret: every value that is not known
 * to be harmless is.
 */
export function isCredentialHeader(name: string): boolean {
  return CREDENTIAL.test(name.toLowerCase()) && !isHarmlessHeader(name)
}

/**
 * A header in a path such as `headers['x-a']`. Shows a known or ordinary header name. Describes any other name, because
 * it may be a credential given in the wrong place.
 */
export function shownHeader(name: string): string {
  const lower = name.toLowerCase()
  const isKnown = isHarmlessHeader(lower) || WELL_KNOWN.has(lower) || EXTENSION.test(lower)
  if (isKnown || /^[a-z]{0,3}$/.test(lower)) return `'${name}'`
  return `a name of ${name.length} character${name.length === 1 ? '' : 's'}`
}
