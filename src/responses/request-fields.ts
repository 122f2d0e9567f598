import type { TelemetryEmitter } from '../telemetry/emitter.ts'
import type { ResponseCreateFields } from './schema/index.ts'

/** The names of the fields at run time. The type ensures that none is missing. */
const FIELDS = {
  model: true,
  input: true,
  instructions: true,
  previous_response_id: true,
  conversation: true,
  reasoning: true,
  text: true,
  tools: true,
  tool_choice: true,
  parallel_tool_calls: true,
  max_tool_calls: true,
  max_output_tokens: true,
  include: true,
  store: true,
  background: true,
  stream: true,
  stream_options: true,
  temperature: true,
  top_p: true,
  top_logprobs: true,
  truncation: true,
  context_management: true,
  prompt: true,
  prompt_cache_key: true,
  prompt_cache_options: true,
  prompt_cache_retention: true,
  service_tier: true,
  moderation: true,
  image: true,
  access_programs: true,
  metadata: true,
  safety_identifier: true,
  user: true,
} satisfies Record<keyof ResponseCreateFields, true>

/** Fields of well-known gateways that are one edit away from a field of the API. */
const OF_GATEWAYS: ReadonlySet<string> = new Set(['models', 'top_k'])

/** Number of names that one listener is told. */
const MOST_TOLD = 100

/** The reported names of each listener. Views of one client share it. */
const toldBy = new WeakMap<TelemetryEmitter, Set<string>>()

/** Reports fields of a body that look like typing errors, each once. Refuses nothing. */
export function tellMisspelt(params: object, telemetry: TelemetryEmitter): void {
  if (!telemetry.wants('request_problem')) return
  for (const field of Object.keys(params)) {
    const meant = Object.hasOwn(FIELDS, field) ? undefined : meantBy(field)
    if (meant === undefined) continue
    const told = toldBy.get(telemetry) ?? new Set()
    toldBy.set(telemetry, told)
    if (told.has(field) || told.size >= MOST_TOLD) continue
    told.add(field)
    telemetry.emit({ type: 'request_problem', problem: 'unknown_field', field, meant })
  }
}

/**
 * The documented field at a distance of one edit: a character too many, too few, different, or two that are swapped.
 */
export function meantBy(field: string): string | undefined {
  if (OF_GATEWAYS.has(field)) return undefined
  return Object.keys(FIELDS).find((known) => isOneEdit(field, known))
}

/** Linear in the length of the names. */
export function isOneEdit(a: string, b: string): boolean {
  if (a === b || Math.abs(a.length - b.length) > 1) return false
  let from = 0
  while (from < a.length && a[from] === b[from]) from++
  const restOf = (text: string, skipped: number): string => text.slice(from + skipped)
  if (a.length > b.length) return restOf(a, 1) === restOf(b, 0)
  if (a.length < b.length) return restOf(a, 0) === restOf(b, 1)
  const hasChangedPlaces = a[from] === b[from + 1] && a[from + 1] === b[from] && restOf(a, 2) === restOf(b, 2)
  return hasChangedPlaces || restOf(a, 1) === restOf(b, 1)
}
