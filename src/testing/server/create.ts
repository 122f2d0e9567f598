import type { JsonObject } from '../streams.ts'
import { EventLog } from './event-log.ts'
import type { MockRequest } from './records.ts'
import { json, type Reply, type ReplyContext, sseEncode } from './reply.ts'
import { latestSnapshot } from './response-store.ts'
import type { Lane } from './socket/lanes.ts'
import { prewarmStream } from './socket/prewarm.ts'
import { refuseResponseBody } from './strict.ts'
import { errorBody, previousResponseNotFound } from './upstream-errors.ts'

/** A new response. On a WebSocket it is streamed, and the lane knows its latest response. */
export async function create(request: MockRequest, context: ReplyContext, lane?: Lane): Promise<Reply> {
  const body = asObject(request.json)
  if (body === undefined) {
    return json(400, errorBody('invalid_request_error', 'We could not parse the JSON body of your request.'))
  }
  const isPrewarm = lane !== undefined && body.generate === false
  const refused = context.strict ? refuseResponseBody(body, isPrewarm) : undefined
  if (refused !== undefined) return json(refused.status, refused.body)
  const previous = typeof body.previous_response_id === 'string' ? body.previous_response_id : undefined
  if (previous !== undefined && lane?.latest !== previous && !context.store.knows(previous)) {
    return json(400, previousResponseNotFound(previous))
  }
  const events = isPrewarm ? prewarmStream(request, body) : await context.respond(request)
  context.contexts.add(request, previous, body.input, events)
  return lane === undefined ? overHttp(body, events, context) : onLane(body, events, context, lane)
}

function overHttp(body: JsonObject, events: readonly JsonObject[], context: ReplyContext): Reply {
  const background = body.background === true
  const instant = !background || context.background === 0
  const log = new EventLog(events, instant ? events.length : 0, context.clock)
  const store = () => remember(body, events, log, context)
  if (background) {
    store()
    if (!instant) {
      log.produce(1)
      if (context.background !== 'manual') log.produceEvery(context.background)
    }
  }
  const sent = background ? {} : { sent: store }
  if (body.stream === true) return { kind: 'events', log, from: 0, paced: !background, encode: sseEncode, ...sent }
  const snapshot = latestSnapshot(background ? events.slice(0, 1) : events)
  if (snapshot) return { ...json(200, snapshot), slow: true, ...sent }
  const error = events.find((event) => event.type === 'error')?.error
  return json(500, error ? { error } : errorBody('server_error', 'The model produced no response.'))
}

function onLane(body: JsonObject, events: readonly JsonObject[], context: ReplyContext, lane: Lane): Reply {
  const log = new EventLog(events, events.length, context.clock)
  const sent = () => {
    remember(body, events, log, context)
    lane.answered(events)
  }
  return { kind: 'events', log, from: 0, paced: true, encode: sseEncode, sent }
}

function remember(body: JsonObject, events: readonly JsonObject[], log: EventLog, { store }: ReplyContext): void {
  const id = latestSnapshot(events)?.id
  if (body.store !== false && typeof id === 'string') store.add({ id, background: body.background === true, log })
}

export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined
}
