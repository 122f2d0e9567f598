import { withMembers } from '../../core/json-members.ts'
import { jsonOf } from '../../core/json-text.ts'
import type { Refusal } from '../guard.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** A message that asks for a response, read. */
export interface CreateMessage {
  readonly text: string
  readonly json: JsonObject
}

const CREATE = 'response.create'

/** @returns why the sidecar cannot carry a message, if it cannot. Pure. */
export function readMessage(text: string): CreateMessage | Refusal {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return invalid('The message is not JSON.')
  }
  if (!isObject(json)) return invalid('The message is not a JSON object.')
  if (json.type !== CREATE) return invalid(`The sidecar carries messages of the type ${CREATE} alone.`)
  if (json.stream_id != null) {
    const message = 'The sidecar carries one response at a time on a WebSocket: leave stream_id out.'
    return { status: 400, code: 'invalid_stream_id', message }
  }
  return { text, json }
}

function invalid(message: string): Refusal {
  return { status: 400, code: 'invalid_message', message }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The message only prepares the socket for the next one: no output is asked for. */
export function isPrewarm({ json }: CreateMessage): boolean {
  return json.generate === false
}

/**
 * The body of the same request over HTTP: without the type, and with `stream: true`, which a WebSocket implies. All else stays as
 * it came. Pure.
 */
export function bodyOf({ text }: CreateMessage): string {
  return withMembers(text, { type: undefined, stream: 'true' })
}

/** A request that continues what only the sidecar has: the input that it was given comes first. Pure. */
export function continued(before: JsonObject, { text, json }: CreateMessage): CreateMessage {
  const { previous_response_id: _, ...fields } = json
  const input = [...itemsOf(before.input), ...itemsOf(json.input)]
  const { previous_response_id: id } = before
  const whole = { ...fields, ...(id != null && { previous_response_id: id }), input }
  const changes = { previous_response_id: id == null ? undefined : jsonOf(id), input: jsonOf(input) }
  return { text: withMembers(text, changes), json: whole }
}

function itemsOf(input: unknown): readonly unknown[] {
  if (Array.isArray(input)) return input
  if (input == null) return []
  return [{ type: 'message', role: 'user', content: input }]
}
