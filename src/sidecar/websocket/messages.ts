import { createParser, type EventSourceParser } from 'eventsource-parser'
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
