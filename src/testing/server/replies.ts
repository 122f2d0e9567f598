import type { JsonObject } from '../streams.ts'
import { asObject, create } from './create.ts'
import { echoText } from './echo.ts'
import { EventLog } from './event-log.ts'
import type { MockRequest } from './records.ts'
import { json, type Reply, type ReplyContext, sseEncode } from './reply.ts'
import { cancelledSnapshot, latestSnapshot, type StoredResponse } from './response-store.ts'
import { refuseChatBody, refuseWithoutCredential } from './strict.ts'
import { isServed } from './target.ts'
import { errorBody, responseNotFound } from './upstream-errors.ts'

/** The routes, below the prefixes that are served (`/v1`, `/backend-api/codex`, …). */
export async function reply(request: MockRequest, context: ReplyContext): Promise<Reply> {
  const { method, path } = request
  if (!isServed(path, context.prefixes)) return notFound(method, path)
  const unauthorized = context.strict ? refuseWithoutCredential(request) : undefined
  if (unauthorized !== undefined) return json(unauthorized.status, unauthorized.body)
  const [, id, action] = /\/responses(?:\/([^/]+)(?:\/([^/]+))?)?$/.exec(path) ?? []
  const isResponses = /\/responses(\/|$)/.test(path)
  if (isResponses && method === 'POST' && id === undefined) return create(request, context)
  if (isResponses && method === 'GET' && id !== undefined && action === undefined) return retrieve(id, request, context)
  if (isResponses && method === 'POST' && id !== undefined && action === 'cancel') return cancel(id, context)
  if (method === 'POST' && path.endsWith('/chat/completions')) return chat(request, context)
  if (/\/(files|uploads|echo)(\/|$)/.test(path)) return json(200, echo(request))
  return notFound(method, path)
}

function notFound(method: string, path: string): Reply {
  return json(404, errorBody('invalid_request_error', `Invalid URL (${method} ${path})`))
}

function retrieve(id: string, { query }: MockRequest, { store }: ReplyContext): Reply {
  const response = store.get(id)
  if (response === undefined) return json(404, responseNotFound(id))
  if (query.get('stream') !== 'true') return json(200, latestSnapshot(response.log.events))
  if (!response.background) {
    return json(
      400,
      errorBody('invalid_request_error', 'Only background responses can be streamed again.', null, 'stream'),
    )
  }
  const after = query.get('starting_after')
  if (after !== null && !/^\d+$/.test(after)) {
    return json(400, errorBody('invalid_request_error', "'starting_after' must be an integer.", null, 'starting_after'))
  }
  const from = after === null ? 0 : Number(after) + 1
  return { kind: 'events', log: response.log, from, paced: false, encode: sseEncode }
}

function cancel(id: string, { store }: ReplyContext): Reply {
  const response = store.get(id)
  if (response === undefined) return json(404, responseNotFound(id))
  if (!response.background) {
    return json(400, errorBody('invalid_request_error', 'Cannot cancel a synchronous response.'))
  }
  if (!response.log.done) cancelNow(response)
  return json(200, latestSnapshot(response.log.events))
}

function cancelNow({ log }: StoredResponse): void {
  const snapshot = cancelledSnapshot(log.events)
  log.cutShort((sequence_number) => ({ type: 'response.cancelled', sequence_number, response: snapshot }))
}

/** A minimal chat completion, to see that such calls pass: repeats the text of the last message. */
function chat(request: MockRequest, { clock, strict }: ReplyContext): Reply {
  const body = asObject(request.json)
  if (body === undefined) {
    return json(400, errorBody('invalid_request_error', 'We could not parse the JSON body of your request.'))
  }
  const refused = strict ? refuseChatBody(body) : undefined
  if (refused !== undefined) return json(refused.status, refused.body)
  const head = { id: `chatcmpl-${request.number}`, created: 1_750_000_000, model: body.model ?? 'gpt-5.2' }
  const content = echoText(body.messages)
  if (body.stream !== true) {
    const choice = { index: 0, message: { role: 'assistant', content, refusal: null }, finish_reason: 'stop' }
    const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }
    return { ...json(200, { ...head, object: 'chat.completion', choices: [choice], usage }), slow: true }
  }
  const chunk = (delta: JsonObject, finish_reason: string | null) => ({
    ...head,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, finish_reason }],
  })
  const events = [chunk({ role: 'assistant', content: '' }, null), chunk({ content }, null), chunk({}, 'stop')]
  const log = new EventLog([...events, {}], events.length + 1, clock)
  const encode = (event: JsonObject) => `data: ${'id' in event ? JSON.stringify(event) : '[DONE]'}\n\n`
  return { kind: 'events', log, from: 0, paced: true, encode }
}

function echo({ method, path, query, headers, body }: MockRequest): JsonObject {
  return { object: 'echo', method, path, query: Object.fromEntries(query), headers, bodyBytes: body.length }
}
