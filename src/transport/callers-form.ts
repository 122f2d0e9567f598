import type { CallersForm, HeaderPairs, RequestBody, TransportRequest } from './transport.ts'

/** Options that the client fills in, or that were parsed. */
const TAKEN_APART: ReadonlySet<string> = new Set([
  'method',
  'headers',
  'body',
  'signal',
  'redirect',
  'duplex',
  'dispatcher',
  'integrity',
])

/** Properties of a `Request` that would be lost, because they are not parsed. */
const OF_A_REQUEST = ['cache', 'credentials', 'keepalive', 'mode', 'referrer', 'referrerPolicy'] as const

/** The form in which the caller wrote a request, as far as it is passed on. */
export function callersForm(
  url: URL,
  input: string | URL | Request,
  init: RequestInit | null | undefined,
): CallersForm {
  // Copied, because a caller can change a `URL`, and the next attempt would go elsewhere.
  return {
    url,
    input: input instanceof URL ? new URL(input) : input,
    init: init ? formOf(init) : undefined,
  }
}

function formOf(init: RequestInit): Record<string, unknown> {
  const { body: _body, signal: _signal, headers, ...rest } = init as Record<string, unknown>
  // Only the form counts. Each attempt has its own values.
  return {
    ...rest,
    headers: Array.isArray(headers) ? headers.map(([name]) => [name]) : isRecord(headers) ? { ...headers } : undefined,
  }
}

/** Options of `fetch` outside the standard that are passed on (`next`, `cf`, …), and the remaining standard ones. */
export function otherOptions({ init }: CallersForm): Record<string, unknown> {
  return Object.fromEntries(Object.entries(init ?? {}).filter(([name]) => !TAKEN_APART.has(name)))
}

/** The options of the caller's `Request`. */
export function requestOptions(request: Request): RequestInit {
  return Object.fromEntries(OF_A_REQUEST.map((name) => [name, request[name]])) as RequestInit
}

/**
 * Headers in the caller's form: an object, a list of pairs, or else `Headers`. Names keep their spelling, and headers
 * of the client follow.
 */
export function headersInForm(form: CallersForm | undefined, pairs: HeaderPairs): NonNullable<RequestInit['headers']> {
  const given = form?.init?.headers
  const names = new Set(pairs.map(([name]) => name))
  // An object has one value for each name.
  if (given === undefined || names.size < pairs.length) return new Headers(pairs.map(([name, value]) => [name, value]))
  const written = Array.isArray(given) ? given.map(([name]) => String(name)) : Object.keys(given as object)
  const spelling = new Map(written.map((name) => [name.toLowerCase(), name]))
  const spelled = pairs.map(([name, value]): [string, string] => [spelling.get(name) ?? name, value])
  return Array.isArray(given) ? spelled : Object.fromEntries(spelled)
}

/** The body as the caller gave it, for a `fetch` that takes this form. `undefined` for a stream. */
export function bodyInForm(body: RequestBody): BodyGiven | undefined {
  if (body.kind === 'none') return undefined
  if (body.given !== undefined) return body.given
  if (body.kind === 'stream') return undefined
  return body.isText
    ? Buffer.from(body.bytes.buffer, body.bytes.byteOffset, body.bytes.length).toString()
    : (body.bytes as Uint8Array<ArrayBuffer>)
}

type BodyGiven = NonNullable<RequestInit['body']>

/** The address as the caller wrote it, if the attempt goes there. */
export function addressInForm({ url, callersForm: form }: TransportRequest): string | URL {
  if (form === undefined || form.url !== url || form.input instanceof Request) return url.href
  return form.input instanceof URL ? new URL(form.input) : String(form.input)
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(Symbol.iterator in value)
}
