import { classOfType, ownType } from './event-classes.ts'

/** What the data of a frame says of its event. */

/** `{"type":"` opens practically every event, so that the type can be read without parsing the rest. */
export const TYPE_PREFIX = '{"type":"'

/** `data.type`, else the SSE event name; a frame with a top-level `error` object is an `error` event (5.2). */
export function typeOf(json: unknown, name: string | undefined): string {
  if (typeof json !== 'object' || json === null) return name ?? 'message'
  const { type, error } = json as { type?: unknown; error?: unknown }
  if (typeof error === 'object' && error !== null && !Array.isArray(error)) {
    return typeof type === 'string' && classOfType(type) === 'terminal' ? type : 'error'
  }
  return typeof type === 'string' ? type : (name ?? 'message')
}

/** The delta that looks to be of `type`; `undefined` if it is none, and for whoever looks closer. */
export function parsedDelta(data: string, type: string): unknown {
  try {
    const json = JSON.parse(data) as { readonly type?: unknown; readonly error?: unknown }
    return json.type === type && json.error === undefined ? json : undefined
  } catch {
    return undefined
  }
}

/** The type of an event without parsing it, where that says enough; `undefined` when it has to be parsed. */
export function sniffedType(data: string): string | undefined {
  if (!data.startsWith(TYPE_PREFIX) || data.charCodeAt(data.length - 1) !== 125 /* } */) return undefined
  const end = data.indexOf('"', TYPE_PREFIX.length)
  const type = data.slice(TYPE_PREFIX.length, end)
  const eventClass = classOfType(type)
  if (eventClass !== 'progress' && eventClass !== 'heartbeat') return undefined
  // An escape in the type, or an `error` that overrules it. Beside a delta it is not looked for: the look through each of
  // them would cost as much as all the rest.
  if (type.includes('\\') || (!type.endsWith('.delta') && data.includes('"error"'))) return undefined
  return ownType(type)
}

/** The number of an event, if it has one. Where it was not parsed its text is looked through: not for each event, then. */
export function sequenceNumberOf({
  data,
  json,
}: {
  readonly data: string
  readonly json: unknown
}): number | undefined {
  if (typeof json === 'object' && json !== null) {
    const { sequence_number: number } = json as { readonly sequence_number?: unknown }
    return typeof number === 'number' ? number : undefined
  }
  const match = /"sequence_number"\s*:\s*(\d+)/.exec(data)
  return match === null ? undefined : Number(match[1])
}
