/**
 * What an event of a Responses stream means for the call. The first class that matches counts:
 *
 * - `terminal`: the response is over;
 * - `heartbeat`: the endpoint is alive, nothing more;
 * - `progress`: the model did something that a caller would notice;
 * - `lifecycle`: everything else, unknown types included. Held back before the commit.
 */
export type EventClass = 'terminal' | 'heartbeat' | 'lifecycle' | 'progress'

const TERMINAL_TYPES: ReadonlySet<string> = new Set([
  'response.completed',
  'response.failed',
  'response.incomplete',
  'error',
  'response.done',
  'response.error',
])

const HEARTBEAT_TYPES: ReadonlySet<string> = new Set([
  'keepalive',
  'keep-alive',
  'keep_alive',
  'ping',
  'pong',
  'heartbeat',
])

const TERMINAL_STATUSES: ReadonlySet<unknown> = new Set(['completed', 'failed', 'incomplete', 'cancelled'])

/** These events say that a response begins or waits, even if an endpoint puts the final status into them. */
const OPENING_NAMES: ReadonlySet<string> = new Set(['created', 'queued', 'in_progress'])

/** `response.web_search_call.searching` and the like: tool activity that a caller can see. */
const TOOL_ACTIVITY = new Set(['searching', 'interpreting', 'generating', 'completed'])

interface KnownType {
  readonly type: string
  readonly class: EventClass
  /** Whether `response.status` of such an event may end the stream. */
  readonly endsByStatus: boolean
}

const byType = new Map<string, KnownType>()
/** Endpoints can invent any number of types, so the number of remembered types is bounded. */
const MAX_REMEMBERED_TYPES = 512

/** Consecutive events mostly have the same type, and comparing two strings is faster than a lookup. */
let last: KnownType = describe('')

/** The class of a type, without the event itself. Pure. Remembered per type. */
export function classOfType(type: string): EventClass {
  return knownType(type).class
}

/** Whether the type of an event or the name of a frame is `keepalive`, `ping`, `heartbeat` or the like. */
export function isHeartbeat(name: string): boolean {
  return HEARTBEAT_TYPES.has(name)
}

/** Whether a frame of this name must hold an event of a response. */
export function isOfResponses(name: string): boolean {
  return name.includes('.') || name === 'message' || TERMINAL_TYPES.has(name)
}

/** The same type as a separate string: a slice would keep the whole text alive. */
export function ownType(type: string): string {
  return knownType(type).type
}

function knownType(type: string): KnownType {
  if (type === last.type) return last
  let known = byType.get(type)
  if (known === undefined) {
    known = describe(Buffer.from(type).toString())
    if (byType.size < MAX_REMEMBERED_TYPES) byType.set(known.type, known)
  }
  last = known
  return known
}

function describe(type: string): KnownType {
  const derived = deriveClass(type)
  return { type, class: derived, endsByStatus: derived === 'lifecycle' && !OPENING_NAMES.has(nameOf(type)) }
}

/** Whether the event is `response.created` or the like, which begins the stream of a response. */
export function isOpening(type: string): boolean {
  return OPENING_NAMES.has(nameOf(type))
}

/** The last word of a type: `created` of `response.created`. */
function nameOf(type: string): string {
  return type.slice(type.lastIndexOf('.') + 1)
}

function deriveClass(type: string): EventClass {
  if (TERMINAL_TYPES.has(type)) return 'terminal'
  if (HEARTBEAT_TYPES.has(type)) return 'heartbeat'
  if (type.startsWith('codex.')) return 'lifecycle'
  const name = nameOf(type)
  if (name === 'delta' || name === 'done') return 'progress'
  // Tool activity belongs to an item: `response.<item>.<activity>`.
  if (TOOL_ACTIVITY.has(name) && type.split('.').length >= 3) return 'progress'
  return 'lifecycle'
}

/**
 * The class of a parsed event: the class of its type, unless the event holds a finished response. Events named
 * `created`, `queued` or `in_progress` never end a stream, because some endpoints write the final status into the first
 * events.
 */
export function classOfEvent(type: string, event: unknown): EventClass {
  const known = knownType(type)
  return known.endsByStatus && TERMINAL_STATUSES.has(responseStatus(event)) ? 'terminal' : known.class
}

/** Whether a terminal event is a failure. `incomplete` and `cancelled` are results with a reason. */
export function reportsFailure(type: string, event: unknown): boolean {
  if (type === 'response.failed' || type === 'response.error' || type === 'error') return true
  // The status decides: some gateways send a failed response as `response.completed`.
  return responseStatus(event) === 'failed'
}

/** `response.status` of an event, or `undefined`. */
export function responseStatus(event: unknown): unknown {
  return responseOf(event)?.status
}

/** `response.id` of an event, or `undefined`. */
export function responseIdOf(event: unknown): string | undefined {
  const id = responseOf(event)?.id
  return typeof id === 'string' && id !== '' ? id : undefined
}

function responseOf(event: unknown): { readonly status?: unknown; readonly id?: unknown } | undefined {
  if (typeof event !== 'object' || event === null) return undefined
  const { response } = event as { response?: unknown }
  return typeof response === 'object' && response !== null ? response : undefined
}
