/**
 * What an event of a Responses stream means for the life of a call. The first class that matches wins:
 *
 * - `terminal`: the response is over, one way or the other;
 * - `heartbeat`: the endpoint is alive, nothing more;
 * - `progress`: the model did something a caller would notice;
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

/** Events named so say that a response begins or waits, even where an endpoint has put its final status into them. */
const OPENING_NAMES: ReadonlySet<string> = new Set(['created', 'queued', 'in_progress'])

/** `response.web_search_call.searching` and its like: work of a tool that a caller can see. */
const TOOL_ACTIVITY = new Set(['searching', 'interpreting', 'generating', 'completed'])

interface KnownType {
  readonly type: string
  readonly class: EventClass
  /** `response.status` of such an event may end the stream. */
  readonly endsByStatus: boolean
}

const byType = new Map<string, KnownType>()
/** Endpoints could invent types without end; what is remembered of them must stay bounded. */
const MAX_REMEMBERED_TYPES = 512

/** Streams are runs of one type, and comparing two strings costs less than looking one up. */
let last: KnownType = describe('')

/** The class of a type, without a look at the event itself. Pure, remembered per type. */
export function classOfType(type: string): EventClass {
  return knownType(type).class
}

/** `keepalive`, `ping`, `heartbeat` and their like, as the type of an event or as the name of a frame. */
export function isHeartbeat(name: string): boolean {
  return HEARTBEAT_TYPES.has(name)
}

/** Whether a frame of that name must hold an event of a response. */
export function isOfResponses(name: string): boolean {
  return name.includes('.') || name === 'message' || TERMINAL_TYPES.has(name)
}

/** The same type as a string of its own: one that was cut out of a text holds on to all of it. */
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

/** `response.created` and its like: with one of them the stream of a response begins. */
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
  // An activity belongs to an item: `response.<item>.<activity>`.
  if (TOOL_ACTIVITY.has(name) && type.split('.').length >= 3) return 'progress'
  return 'lifecycle'
}

/**
 * The class of a parsed event: its type's, unless the event holds a response that is over. An event named `created`, `queued`
 * or `in_progress` never ends a stream: some endpoints write the final status into the first events of a response.
 */
export function classOfEvent(type: string, event: unknown): EventClass {
  const known = knownType(type)
  return known.endsByStatus && TERMINAL_STATUSES.has(responseStatus(event)) ? 'terminal' : known.class
}

/** Whether a terminal event is a failure; `incomplete` and `cancelled` are results with a reason. */
export function reportsFailure(type: string, event: unknown): boolean {
  if (type === 'response.failed' || type === 'response.error' || type === 'error') return true
  // The status is the word of the response itself: gateways put a failed one under `response.completed`.
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
