import { zlib } from '../core/builtins.ts'
import type { HeaderPairs, RequestBody } from '../transport/transport.ts'
import type { LatencyTraits } from '../watchdog/deadlines.ts'

/** The traits of a request: whether it is a Responses call, and what affects deadlines and retries. */
export interface RequestTraits {
  readonly latency: LatencyTraits
  /** The request has `conversation` or `background`: a second request would double state at the endpoint. */
  readonly stateful: boolean
  readonly continuation: boolean
  readonly commitWithId: boolean
  /** Asks for the events after a known one. There may be none, so an empty answer is not retried. */
  readonly mayBeOver: boolean
  readonly asks: ModelTraits
  /** `prompt_cache_key`. */
  readonly promptCacheKey: string | undefined
  /** The response or conversation that the call continues. It lives at the endpoint that made it. */
  readonly continues: string | undefined
  /** The endpoint keeps the response, or what the call is about. */
  readonly stored: boolean
}

/** The requested model and settings, as the request has them. Empty if it does not say. See `safeWords`. */
export interface ModelTraits {
  readonly model: string
  readonly effort: string
  readonly tier: string
  /** A hosted tool may act, or costs by itself: a second request would do that twice. A stored prompt may have such tools. */
  readonly hasToolEffects: boolean
}

const PASSTHROUGH: RequestTraits = {
  latency: { kind: 'passthrough', estimatedInputTokens: 0, effort: 'low', flex: false },
  stateful: false,
  continuation: false,
  commitWithId: false,
  mayBeOver: false,
  asks: { model: '', effort: '', tier: '', hasToolEffects: false },
  promptCacheKey: undefined,
  continues: undefined,
  stored: true,
}
const PASSED_STREAM: RequestTraits = { ...PASSTHROUGH, latency: { ...PASSTHROUGH.latency, passesStream: true } }

/**
 * A Responses call is `POST …/responses` with a JSON body, or `GET …/responses/{id}?stream=true`. Everything else is a
 * passthrough call. Reads the body and never changes it.
 *
 * @param params the object of which the body was made, if known, so that a long body need not be parsed again.
 */
export function traitsOf(
  request: {
    readonly method: string
    readonly url: URL
    readonly headers: HeaderPairs
    readonly body: RequestBody
  },
  params?: Readonly<Record<string, unknown>>,
): RequestTraits {
  const { method, url, body } = request
  const path = url.pathname.replace(/\/+$/, '')
  if (method === 'GET' && /\/responses\/[^/]+$/.test(path) && url.searchParams.get('stream') === 'true') {
    const mayBeOver = url.searchParams.has('starting_after')
    return { ...PASSTHROUGH, mayBeOver, latency: { ...PASSTHROUGH.latency, kind: 'stream' } }
  }
  if (method !== 'POST') return PASSTHROUGH
  if (!path.endsWith('/responses')) return saysStream(body, request.headers) ? PASSED_STREAM : PASSTHROUGH
  // A body that can be read once is not parsed. Its answer is read by its content.
  if (body.kind === 'stream' && !body.replayable)
    return { ...PASSTHROUGH, latency: { ...PASSTHROUGH.latency, kind: 'json' } }
  const json = params ?? (body.kind === 'bytes' ? parseBody(body.bytes, request.headers) : undefined)
  if (json === undefined) return PASSTHROUGH
  const isSet = (field: string): boolean => json[field] !== undefined && json[field] !== null
  return {
    latency: {
      kind: json.stream === true ? 'stream' : 'json',
      estimatedInputTokens: estimateTokens(json),
      effort: effortOf(json.reasoning),
      flex: json.service_tier === 'flex',
    },
    stateful: isSet('conversation') || json.background === true,
    continuation: typeof json.previous_response_id === 'string',
    commitWithId: isKept(json),
    mayBeOver: false,
    asks: shared({
      model: word(json.model),
      effort: word((json.reasoning as { effort?: unknown } | null | undefined)?.effort),
      tier: word(json.service_tier),
      hasToolEffects: anyHasEffects(json.tools) || isSet('prompt') || addsToolsWithEffects(json.input),
    }),
    promptCacheKey: typeof json.prompt_cache_key === 'string' ? json.prompt_cache_key : undefined,
    continues: idOf(json.previous_response_id) ?? idOf(json.conversation),
    stored: json.store !== false,
  }
}

/**
 * Whether the endpoint keeps the response and its events, so that a broken stream can be resumed. Without `store` the
 * endpoint stores the response.
 */
export function isKept({ background, store }: { readonly background?: unknown; readonly store?: unknown }): boolean {
  return background === true && store !== false
}

let latest = PASSTHROUGH.asks

/** The latest traits, if they are equal: most calls of a process ask for the same, and a stream holds its traits to its end. */
function shared(asks: ModelTraits): ModelTraits {
  const { model, effort, tier, hasToolEffects } = latest
  const isEqual = model === asks.model && effort === asks.effort && tier === asks.tier
  if (!isEqual || hasToolEffects !== asks.hasToolEffects) latest = asks
  return latest
}

const TOOLS_WITH_EFFECTS: ReadonlySet<unknown> = new Set(['mcp', 'image_generation', 'code_interpreter'])

/** How deep tools are searched inside tools (`namespace`). Deeper ones count as tools with effects. */
const DEEPEST = 4

function anyHasEffects(tools: unknown, depth = 0): boolean {
  if (!Array.isArray(tools)) return false
  return depth > DEEPEST || tools.some((tool) => hasEffects(tool, depth))
}

/** Tools can also come with the input, as an item `additional_tools`. */
function addsToolsWithEffects(input: unknown): boolean {
  return (
    Array.isArray(input) &&
    input.some((item: { readonly type?: unknown; readonly tools?: unknown } | null) => {
      return item?.type === 'additional_tools' && anyHasEffects(item.tools)
    })
  )
}

function hasEffects(tool: unknown, depth: number): boolean {
  if (typeof tool !== 'object' || tool === null) return false
  const { type, environment, tools } = tool as {
    readonly type?: unknown
    readonly tools?: unknown
    readonly environment?: { readonly type?: unknown } | null
  }
  // A shell without an environment, or with a local one, is run by the caller.
  const isRunByHost = type === 'shell' && environment != null && environment.type !== 'local'
  return TOOLS_WITH_EFFECTS.has(type) || isRunByHost || anyHasEffects(tools, depth + 1)
}

/** Whether the JSON body of a passthrough call asks for a stream. */
function saysStream(body: RequestBody, headers: HeaderPairs): boolean {
  return (
    body.kind === 'bytes' && MAY_BE_JSON.test(contentTypeOf(headers)) && parseBody(body.bytes, headers)?.stream === true
  )
}

/** A `fetch` with a string body and no `content-type` sends `text/plain`. */
const MAY_BE_JSON = /^(?:$|text\/plain|[^;]*json)/i

function contentTypeOf(headers: HeaderPairs): string {
  return headers.find(([name]) => name === 'content-type')?.[1].trim() ?? ''
}

/**
 * Paths whose calls keep nothing at the endpoint, so that another `POST` only makes another answer. For Azure they
 * follow the name of a deployment.
 */
const REPEATABLE_POST = /\/(?:responses\/(?:compact|input_tokens)|completions|embeddings|moderations)\/*$/

const IDEMPOTENT_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'QUERY'])

/** Whether a request that is sent twice has the effect of one. */
export function isIdempotent({ method, url }: { readonly method: string; readonly url: URL }): boolean {
  return IDEMPOTENT_METHODS.has(method) || (method === 'POST' && REPEATABLE_POST.test(url.pathname))
}

/** An id, or the `id` of an object. */
function idOf(value: unknown): string | undefined {
  const id = typeof value === 'object' && value !== null ? (value as { id?: unknown }).id : value
  return typeof id === 'string' ? id : undefined
}

/** Longer than any model name. Longer texts are compared by their beginning. */
const LONGEST_WORD = 100

function word(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, LONGEST_WORD) : ''
}

const DECODERS = new Map<string, (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array>([
  ['identity', (bytes) => bytes],
  ['gzip', (bytes, options) => zlib().gunzipSync(bytes, options)],
  ['br', (bytes, options) => zlib().brotliDecompressSync(bytes, options)],
  ['zstd', (bytes, options) => zlib().zstdDecompressSync(bytes, options)],
  ['deflate', (bytes, options) => zlib().inflateSync(bytes, options)],
])

/** Shared, because making one costs more than decoding a short body. */
const decoder = new TextDecoder()

/** Larger than any endpoint accepts, so a larger decoded body is not read. */
const MAX_DECODED_BYTES = 256 * 1024 * 1024

/**
 * The text of a body. `undefined` for an unknown coding.
 *
 * @throws for a body that cannot be decoded, or is longer than `maxOutputLength` bytes after decoding.
 */
export function decodedBody(
  bytes: Uint8Array,
  headers: HeaderPairs,
  maxOutputLength = MAX_DECODED_BYTES,
): string | undefined {
  const coding = headers.find(([name]) => name === 'content-encoding')?.[1] ?? 'identity'
  const decode = DECODERS.get(coding.trim().toLowerCase())
  return decode === undefined ? undefined : decoder.decode(decode(bytes, { maxOutputLength }))
}

export function parseBody(bytes: Uint8Array, headers: HeaderPairs): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(decodedBody(bytes, headers) ?? '')
    return typeof json === 'object' && json !== null && !Array.isArray(json)
      ? (json as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** An unknown effort is a newer, higher one. */
function effortOf(reasoning: unknown): LatencyTraits['effort'] {
  const effort =
    typeof reasoning === 'object' && reasoning !== null ? (reasoning as { effort?: unknown }).effort : undefined
  switch (effort) {
    case undefined:
    case null:
    case 'none':
    case 'minimal':
    case 'low':
      return 'low'
    case 'medium':
      return 'medium'
    default:
      return 'high'
  }
}

const BYTES_PER_TOKEN = 4

/** UTF-8 bytes of `input`, `instructions` and `tools` without base64, divided by 4. */
export function estimateTokens(json: Readonly<Record<string, unknown>>): number {
  let bytes = 0
  for (const field of [json.input, json.instructions, json.tools]) {
    if (typeof field === 'string') bytes += Buffer.byteLength(field)
    else if (field !== null) bytes += jsonBytes(field)
  }
  return Math.ceil(bytes / BYTES_PER_TOKEN)
}

function jsonBytes(value: unknown): number {
  try {
    // `JSON.stringify(undefined)` returns `undefined`.
    return Buffer.byteLength(JSON.stringify(value, withoutBase64) ?? '')
  } catch {
    // Nested deeper than the stack: `JSON.parse` reads it, but `JSON.stringify` fails. A rough estimate is enough.
    return 0
  }
}

/** A data URL, or a run of base64 characters too long to be text. */
const BASE64 = /^(?:data:[^,]{0,200};base64,|[A-Za-z0-9+/_-]{256,}={0,2}$)/

function withoutBase64(_key: string, value: unknown): unknown {
  return typeof value === 'string' && value.length >= 64 && BASE64.test(value) ? '' : value
}

/** Path segments under `…/responses` that are not ids. */
const NO_IDS: ReadonlySet<string> = new Set(['compact', 'input_tokens'])

/** The id in the address of a response or a conversation: `…/responses/{id}`, `…/conversations/{id}/items`. */
export function responseIdIn(url: URL): string | undefined {
  const id = /\/(?:responses|conversations)\/([^/]+)(?:\/[a-z_]+(?:\/[^/]+)?)?\/*$/.exec(url.pathname)?.[1]
  return id === undefined || NO_IDS.has(id) ? undefined : decoded(id)
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id)
  } catch {
    return id
  }
}
