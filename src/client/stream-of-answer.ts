import { looksLikeResponse } from '../call/answer-reader.ts'
import type { Attempt } from '../call/attempt.ts'
import { errorFieldsOf } from '../retry/error-fields.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * Converts a whole answer to the event stream of the same response, for an SDK that asked for a stream. Some endpoints
 * ignore `stream: true`, and an SDK finds no event in JSON and reports an empty success. `undefined`: the answer is a
 * stream, or is neither a response nor an error.
 */
export function streamOfAnswer(attempt: Attempt): string | undefined {
  if (!attempt.readsWhole || !attempt.ended || (attempt.answer?.status ?? 200) >= 300) return undefined
  const json = jsonIn(attempt)
  if (!isFields(json)) return undefined
  const events = looksLikeResponse(json) ? eventsOf(json) : errorIn(json)
  if (events === undefined) return undefined
  attempt.output.discard(undefined)
  return events
    .map((event, index) => ({ ...event, sequence_number: index }))
    .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    .join('')
}

interface MadeEvent extends Fields {
  readonly type: string
}

/** The event in the shape that openai and the AI SDK read, for an error body of any shape. */
function errorIn(body: Fields): MadeEvent[] | undefined {
  if (isFields(body.error)) return [{ type: 'error', error: { ...body.error } }]
  const fields = errorFieldsOf(body)
  if (fields === undefined) return undefined
  const { code = null, type = null, message = null, param = null } = fields
  return [{ type: 'error', error: { code, type, message, param } }]
}

function eventsOf(response: Fields): MadeEvent[] {
  const { status, output } = response
  const terminal = {
    type: `response.${typeof status === 'string' && isFinal(status) ? status : 'completed'}`,
    response,
  }
  const begun = { ...response, status: 'in_progress', output: [], usage: null, error: null, incomplete_details: null }
  const items = Array.isArray(output) ? output.filter(isFields) : []
  return [{ type: 'response.created', response: begun }, ...items.flatMap(eventsOfItem), terminal]
}

function isFinal(status: string): boolean {
  return status === 'completed' || status === 'failed' || status === 'incomplete'
}

/** An item is added empty, then filled by one delta for each of its texts, then done. */
function eventsOfItem(item: Fields, index: number): MadeEvent[] {
  const at = { output_index: index, item_id: item.id }
  return [
    { type: 'response.output_item.added', output_index: index, item: { ...emptied(item), status: 'in_progress' } },
    ...contentOf(item, at),
    { type: 'response.output_item.done', output_index: index, item },
  ]
}

function emptied(item: Fields): Fields {
  switch (item.type) {
    case 'message':
      return { ...item, content: [] }
    case 'function_call':
    case 'mcp_call':
      return { ...item, arguments: '' }
    case 'custom_tool_call':
      return { ...item, input: '' }
    case 'reasoning':
      return { ...item, summary: [] }
    default:
      return item
  }
}

function contentOf(item: Fields, at: Fields): MadeEvent[] {
  switch (item.type) {
    case 'message':
      return list(item.content).flatMap((part, index) => partOf(part, { ...at, content_index: index }))
    case 'function_call':
      return texts('response.function_call_arguments', 'arguments', item.arguments, { ...at, name: item.name })
    case 'mcp_call':
      return texts('response.mcp_call_arguments', 'arguments', item.arguments, at)
    case 'custom_tool_call':
      return texts('response.custom_tool_call_input', 'input', item.input, at)
    case 'reasoning':
      return list(item.summary).flatMap((part, index) => summaryOf(part, { ...at, summary_index: index }))
    default:
      return []
  }
}

function partOf(part: Fields, at: Fields): MadeEvent[] {
  const isRefusal = part.type === 'refusal'
  const name = isRefusal ? 'refusal' : 'text'
  const empty = { ...part, [name]: '', ...(part.annotations !== undefined && { annotations: [] }) }
  return [
    { type: 'response.content_part.added', ...at, part: empty },
    ...texts(isRefusal ? 'response.refusal' : 'response.output_text', name, part[name], at),
    ...list(part.annotations).map((annotation, index) => ({
      type: 'response.output_text.annotation.added',
      ...at,
      annotation_index: index,
      annotation,
    })),
    { type: 'response.content_part.done', ...at, part },
  ]
}

function summaryOf(part: Fields, at: Fields): MadeEvent[] {
  return [
    { type: 'response.reasoning_summary_part.added', ...at, part: { ...part, text: '' } },
    ...texts('response.reasoning_summary_text', 'text', part.text, at),
    { type: 'response.reasoning_summary_part.done', ...at, part },
  ]
}

function texts(type: string, field: string, text: unknown, at: Fields): MadeEvent[] {
  if (typeof text !== 'string') return []
  const done = { type: `${type}.done`, ...at, [field]: text }
  return text === '' ? [done] : [{ type: `${type}.delta`, ...at, delta: text }, done]
}

function list(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : []
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function jsonIn({ output }: Attempt): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(Buffer.concat(output.items.map(({ bytes }) => bytes))))
  } catch {
    return undefined
  }
}
