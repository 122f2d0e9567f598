import type { Clock } from '../../core/clock.ts'
import { type JsonObject, sseFrame, textStream } from '../streams.ts'
import { EventLog } from './event-log.ts'
import type { MockRequest } from './records.ts'
import { cancelledSnapshot, latestSnapshot, type ResponseStore, type StoredResponse } from './response-store.ts'
import { refuseChatBody, refuseResponseBody, refuseWithoutCredential } from './strict.ts'
import { isPlainPath } from './target.ts'
import { errorBody, previousResponseNotFound, responseNotFound } from './upstream-errors.ts'

/** What the endpoint answers, faults aside. */
export type Reply =
  | { readonly kind: 'json'; readonly status: number; readonly body: unknown; readonly slow: boolean; sent?(): void }
  | {
      readonly kind: 'events'
      readonly log: EventLog
      /** Index of the first event to send. */
      readonly from: number
      /** Whether the sender waits between events; otherwise the log does. */
      readonly paced: boolean
      readonly encode: (event: JsonObject) => string
      /** Called when the last event is about to be sent. */
      sent?(): void
    }

export interface ReplyContext {
  readonly clock: Clock
  readonly store: ResponseStore
  /** Refuses what OpenAI refuses. */
  readonly strict: boolean
  /** Milliseconds between the events of background responses; `'manual'`: they come by `server.produce()`. */
  readonly background: number | 'manual'
  respond(request: MockRequest): readonly JsonObject[] | Promise<readonly JsonObject[]>
}

/** The routes, whatever stands before them (`/v1`, `/backend-api/codex`, …). */
export async function reply(request: MockRequest, context: ReplyContext): Promise<Reply> {
  const { method, path } = request
  if (!isPlainPath(path)) return notFound(method, path)
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

async function create(request: MockRequest, context: ReplyContext): Promise<Reply> {
  const body = asObject(request.json)
  if (body === undefined) {
    return json(400, errorBody('invalid_request_error', 'We could not parse the JSON body of your request.'))
  }
  const refused = context.strict ? refuseResponseBody(body) : undefined
  if (refused !== undefined) return json(refused.status, refused.body)
  const previous = body.previous_response_id
  if (typeof previous === 'string' && !context.store.knows(previous))
    return json(400, previousResponseNotFound(previous))

  const events = await context.respond(request)
  const background = body.background === true
  const instant = !background || context.background === 0
  const log = new EventLog(events, instant ? events.length : 0, context.clock)
  const id = latestSnapshot(events)?.id
  const store = () => {
    if (body.store !== false && typeof id === 'string') context.store.add({ id, background, log })
  }
  if (background) {
    store()
    if (!instant) {
      log.produce(1)
      if (context.background !== 'manual') log.produceEvery(context.background)
    }
  }
  const sent = background ? {} : { sent: store }
  if (body.stream === true) return { kind: 'events', log, from: 0, paced: !background, encode: sseFrame, ...sent }
  const snapshot = latestSnapshot(background ? events.slice(0, 1) : events)
  if (snapshot) return { ...json(200, snapshot), slow: true, ...sent }
  const error = events.find((event) => event.type === 'error')?.error
  return json(500, error ? { error } : errorBody('server_error', 'The model produced no response.'))
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
  return { kind: 'events', log: response.log, from, paced: false, encode: sseFrame }
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

/** Enough of chat completions to see that such calls pass: the text of the last message comes back. */
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

/** What the model says if nobody decides otherwise: the last text of the input. */
export function echoStream(request: MockRequest): readonly JsonObject[] {
  const body = asObject(request.json) ?? {}
  const { tools, metadata, instructions, reasoning } = body
  const given = Object.entries({ tools, metadata, instructions, reasoning }).filter(([, value]) => value !== undefined)
  return textStream({
    id: `resp_mock_${request.number}`,
    text: echoText(body.input),
    model: typeof body.model === 'string' ? body.model : undefined,
    previousResponseId: typeof body.previous_response_id === 'string' ? body.previous_response_id : null,
    store: body.store !== false,
    background: body.background === true,
    usage: { inputTokens: request.inputTokens },
    response: Object.fromEntries(given),
  })
}

function echoText(input: unknown): string {
  return `You said: ${lastText(input) ?? 'nothing'}`
}

function lastText(input: unknown): string | undefined {
  if (typeof input === 'string') return input
  if (Array.isArray(input)) {
    return input.map(lastText).findLast((text) => text !== undefined)
  }
  const item = asObject(input)
  return item === undefined ? undefined : lastText(item.text ?? item.content)
}

function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined
}

function json(status: number, body: unknown): Extract<Reply, { kind: 'json' }> {
  return { kind: 'json', status, body, slow: false }
}
