import { frames } from './field-server.ts'

const RESPONSE = { id: 'resp_1', object: 'response', status: 'in_progress', output: [] as unknown[] }

const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text: 'Hi', annotations: [] }],
}

/** The events of a small response, for reports that are about what stands between them or around them. */
export const HELLO = {
  created: { type: 'response.created', response: RESPONSE },
  inProgress: { type: 'response.in_progress', response: RESPONSE },
  added: {
    type: 'response.output_item.added',
    output_index: 0,
    item: { ...MESSAGE, status: 'in_progress', content: [] },
  },
  delta: { type: 'response.output_text.delta', output_index: 0, item_id: 'msg_1', content_index: 0, delta: 'Hi' },
  done: { type: 'response.output_item.done', output_index: 0, item: MESSAGE },
  completed: { type: 'response.completed', response: { ...RESPONSE, status: 'completed', output: [MESSAGE] } },
} as const

/** The whole response, as an endpoint that does not stream sends it. */
export const HELLO_RESPONSE = HELLO.completed.response

/** The whole stream. */
export const HELLO_BODY = frames(HELLO.created, HELLO.inProgress, HELLO.added, HELLO.delta, HELLO.done, HELLO.completed)
