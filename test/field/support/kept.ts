import { type Answer, frames } from './field-server.ts'

type Event = { readonly type: string; readonly [field: string]: unknown }
type Fields = Readonly<Record<string, unknown>>

/** A response that the endpoint keeps, and its numbered events. */
export const KEPT = { model: 'gpt-5', input: 'Hello', background: true, store: true } as const

export const message = (text: string, more: Fields = {}) => ({
  id: 'msg_1',
  type: 'message',
  status: 'completed',
  role: 'assistant',
  content: [{ type: 'output_text', text, annotations: [] }],
  ...more,
})

export const call = (callId: string, more: Fields = {}) => ({
  type: 'function_call',
  call_id: callId,
  name: 'look_up',
  arguments: '{}',
  ...more,
})

export const response = (more: Fields = {}) => ({
  id: 'resp_1',
  object: 'response',
  status: 'completed',
  model: 'gpt-5',
  output: [message('hello')],
  ...more,
})

export const unfinished = (status = 'in_progress', more: Fields = {}) => response({ status, output: [], ...more })

export const created = (number: number, more: Fields = {}) => ({
  type: 'response.created',
  sequence_number: number,
  response: unfinished('in_progress', more),
})

export const added = (number: number) => ({
  type: 'response.output_item.added',
  sequence_number: number,
  output_index: 0,
  item: { ...message(''), status: 'in_progress', content: [] },
})

export const delta = (number: number, text: string) => ({
  type: 'response.output_text.delta',
  sequence_number: number,
  item_id: 'msg_1',
  output_index: 0,
  content_index: 0,
  delta: text,
})

export const done = (item: object, more: Fields = {}) => ({ type: 'response.output_item.done', ...more, item })

export const completed = (number: number, more: Fields = {}) => ({
  type: 'response.completed',
  sequence_number: number,
  response: response(more),
})

/** The head and the first events of a stream without a `content-length`, whose connection then ends. */
export function broken(...events: readonly Event[]) {
  const head = 'HTTP/1.1 200 Field\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n'
  // biome-ignore lint/suspicious/noThenProperty: what the server does then; nobody awaits it
  return { bytes: `${head}${frames(...events)}`, then: 'end' } satisfies Answer
}
