import type { JsonObject } from '../streams.ts'
import type { MockRequest } from './records.ts'
import { errorBody } from './upstream-errors.ts'

/** OpenAI's answer to an invalid request. */
export interface Refusal {
  readonly status: number
  readonly body: JsonObject
}

interface Kind {
  readonly accepts: (value: unknown) => boolean
  /** The type's name in the message of the error. */
  readonly expected: string
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)
const STRING: Kind = { accepts: (value) => typeof value === 'string', expected: 'a string' }
const BOOLEAN: Kind = { accepts: (value) => typeof value === 'boolean', expected: 'a boolean' }
const NUMBER: Kind = { accepts: (value) => typeof value === 'number', expected: 'a decimal' }
const INTEGER: Kind = { accepts: (value) => Number.isInteger(value), expected: 'an integer' }
const OBJECT: Kind = { accepts: isObject, expected: 'an object' }
const OBJECTS: Kind = {
  accepts: (value) => Array.isArray(value) && value.every(isObject),
  expected: 'an array of objects',
}
const STRINGS: Kind = {
  accepts: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
  expected: 'an array of strings',
}
const METADATA: Kind = {
  accepts: (value) => isObject(value) && Object.values(value as object).every((item) => typeof item === 'string'),
  expected: 'an object with string values',
}
const either = (first: Kind, second: Kind): Kind => ({
  accepts: (value) => first.accepts(value) || second.accepts(value),
  expected: `one of ${first.expected} or ${second.expected}`,
})

/** The types of the fields of a body. `null` counts as absent. Other fields are not checked. */
const RESPONSE_FIELDS: Readonly<Record<string, Kind>> = {
  model: STRING,
  input: either(STRING, OBJECTS),
  instructions: either(STRING, OBJECTS),
  stream: BOOLEAN,
  stream_options: OBJECT,
  store: BOOLEAN,
  background: BOOLEAN,
  parallel_tool_calls: BOOLEAN,
  previous_response_id: STRING,
  conversation: either(STRING, OBJECT),
  prompt: OBJECT,
  tools: OBJECTS,
  tool_choice: either(STRING, OBJECT),
  include: STRINGS,
  metadata: METADATA,
  reasoning: OBJECT,
  text: OBJECT,
  temperature: NUMBER,
  top_p: NUMBER,
  max_output_tokens: INTEGER,
  max_tool_calls: INTEGER,
  service_tier: STRING,
  truncation: STRING,
  prompt_cache_key: STRING,
  safety_identifier: STRING,
  user: STRING,
}

const CHAT_FIELDS: Readonly<Record<string, Kind>> = {
  model: STRING,
  messages: OBJECTS,
  stream: BOOLEAN,
  store: BOOLEAN,
  tools: OBJECTS,
  metadata: METADATA,
  temperature: NUMBER,
  top_p: NUMBER,
}

/** A request without a credential: `Authorization`, or `api-key` for Azure. */
export function refuseWithoutCredential({ headers }: Pick<MockRequest, 'headers'>): Refusal | undefined {
  const given = /^(?:Bearer|Basic)\s+\S/i.test(headers.authorization ?? '') || Boolean(headers['api-key'])
  if (given) return undefined
  const message = 'Missing bearer or basic authentication in header'
  return { status: 401, body: errorBody('invalid_request_error', message) }
}

/** @param isPrewarm `generate: false`: the request needs no input. */
export function refuseResponseBody(body: JsonObject, isPrewarm: boolean): Refusal | undefined {
  const wrong = refuseKinds(body, RESPONSE_FIELDS)
  if (wrong !== undefined) return wrong
  // A prompt template includes its model and its input.
  if (given(body.prompt)) return undefined
  if (!given(body.model) || body.model === '') return missing('model')
  if (isPrewarm || given(body.input) || given(body.previous_response_id) || given(body.conversation)) return undefined
  const message = 'One of "input" or "previous_response_id" or "prompt" or "conversation" must be provided.'
  return { status: 400, body: errorBody('invalid_request_error', message, 'missing_required_parameter', 'input') }
}

export function refuseChatBody(body: JsonObject): Refusal | undefined {
  const wrong = refuseKinds(body, CHAT_FIELDS)
  if (wrong !== undefined) return wrong
  if (!given(body.model) || body.model === '') return missing('model')
  return given(body.messages) ? undefined : missing('messages')
}

function refuseKinds(body: JsonObject, fields: Readonly<Record<string, Kind>>): Refusal | undefined {
  for (const [name, { accepts, expected }] of Object.entries(fields)) {
    const value = Object.hasOwn(body, name) ? body[name] : undefined
    if (!given(value) || accepts(value)) continue
    const message = `Invalid type for '${name}': expected ${expected}, but got ${kindOf(value)} instead.`
    return { status: 400, body: errorBody('invalid_request_error', message, 'invalid_type', name) }
  }
  return undefined
}

function missing(name: string): Refusal {
  const message = `Missing required parameter: '${name}'.`
  return { status: 400, body: errorBody('invalid_request_error', message, 'missing_required_parameter', name) }
}

function given(value: unknown): boolean {
  return value !== undefined && value !== null
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'an integer' : 'a decimal'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
