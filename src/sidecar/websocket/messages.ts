import { createParser, type EventSourceParser } from 'eventsource-parser'
import type { MadeAnswer } from '../answers.ts'
import { isObject, type JsonObject } from './create-message.ts'

/** Reads an event stream as the messages that a WebSocket has in its place: the JSON of each event. */
export class MessageReader {
  readonly #parser: EventSourceParser
  readonly #decoder = new TextDecoder()
  #messages: string[] = []

  constructor() {
    this.#parser = createParser({ onEvent: ({ data, event }) => this.#add(data, event) })
  }

  /** The messages that these bytes complete. */
  push(bytes: Uint8Array): readonly string[] {
    this.#parser.feed(this.#decoder.decode(bytes, { stream: true }))
    const messages = this.#messages
    this.#messages = []
    return messages
  }

  #add(data: string, event: string | undefined): void {
    if (data.trim() === '' || data === '[DONE]') return
    this.#messages.push(event === undefined || NAMES_ITSELF.test(data) ? data : named(data, event))
  }
}

const NAMES_ITSELF = /^\{"type":"/

/** A message has no name beside its JSON, as an event of a stream has. */
function named(data: string, event: string): string {
  try {
    const json: unknown = JSON.parse(data)
    return isObject(json) && json.type === undefined ? JSON.stringify({ type: event, ...json }) : data
  } catch {
    return data
  }
}

/** Headers that speak of the HTTP message, or of its connection. */
const NOT_OF_ERROR = /^(?:content-.*|transfer-encoding|connection|keep-alive|date|set-cookie|x-resilient-responses)$/

/** An HTTP answer that refuses a request, as the message that stands for it. Pure. */
export function errorMessage(
  { status, headers }: { readonly status: number; readonly headers: ReadonlyArray<readonly [string, string]> },
  error: JsonObject,
): string {
  const told = headers.filter(([name]) => !NOT_OF_ERROR.test(name))
  return JSON.stringify({ type: 'error', status, error, headers: Object.fromEntries(told) })
}

/** What the sidecar itself has to say. */
export function madeError({ code, type, message }: Pick<MadeAnswer, 'code' | 'type' | 'message'>): JsonObject {
  return { type, code, message, param: null }
}

/** The error in the body of an answer, whatever its form; at least a message. Pure. */
export function errorIn(body: string, status: number): JsonObject {
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    return madeError({ code: 'upstream_error', type: typeOf(status), message: `The upstream answered ${status}.` })
  }
  const { error = json } = isObject(json) ? json : { error: json }
  if (isObject(error)) {
    const { detail } = error
    const message = typeof detail === 'string' ? detail : `The upstream answered ${status}.`
    return { type: typeOf(status), code: null, message, param: null, ...error }
  }
  return madeError({ code: 'upstream_error', type: typeOf(status), message: String(error).slice(0, 1000) })
}

function typeOf(status: number): string {
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}

/** The events of a prewarm that the sidecar answers itself. Pure. */
export function prewarmEvents(id: string, { model }: JsonObject, createdAt: number): readonly [string, string] {
  const event = (type: string, status: string, sequence_number: number, usage: object | null): string =>
    JSON.stringify({
      type,
      sequence_number,
      response: { id, object: 'response', created_at: createdAt, model: model ?? null, status, output: [], usage },
    })
  const none = { input_tokens: 0, output_tokens: 0, total_tokens: 0 }
  return [
    event('response.created', 'in_progress', 0, null),
    event('response.completed', 'completed', 1, {
      ...none,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens_details: { reasoning_tokens: 0 },
    }),
  ]
}
