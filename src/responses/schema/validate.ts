import * as z from 'zod/mini'
import { eventRows } from './event-rows.ts'
import type { EventByType, EventType } from './events.ts'
import { maybeNumber, type Shape } from './payloads.ts'

/** The result of checking an event. `path` leads to the first wrong field, e.g. `response.output.0.type`. */
export type Validation = { readonly ok: true } | { readonly ok: false; readonly path: string; readonly message: string }

const VALID: Validation = { ok: true }

/** Built when the first event of a type is checked: most programs see few types, and many check none. */
const schemas = new Map<string, z.ZodMiniType>()

/** The schema of an event. `undefined` if there is nothing to check: unknown types, and `codex.*`. */
export function eventSchema<Type extends EventType>(type: Type): z.ZodMiniType<EventByType[Type]>
export function eventSchema(type: string): z.ZodMiniType | undefined
export function eventSchema(type: string): z.ZodMiniType | undefined {
  let schema = schemas.get(type)
  if (schema === undefined && Object.hasOwn(eventRows, type)) {
    const row: Shape = eventRows[type as EventType]
    schema = z.looseObject({ ...row, type: z.literal(type), sequence_number: maybeNumber })
    schemas.set(type, schema)
  }
  return schema
}

/**
 * Checks what this version knows about an event. Unknown types and unknown fields are valid. The event is not changed.
 * The message contains nothing of the event's content, so that it can be logged.
 */
export function validateEvent(event: { readonly type: string }): Validation {
  const issue = eventSchema(event.type)?.safeParse(event).error?.issues[0]
  if (issue === undefined) return VALID
  const { path, message } = issue
  const expected = 'expected' in issue ? `expected ${issue.expected}, found ${kindAt(event, path)}` : message
  return { ok: false, path: path.join('.'), message: expected }
}

function kindAt(event: object, path: readonly PropertyKey[]): string {
  const value = path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], event)
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}
