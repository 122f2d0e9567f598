import type { JsonObject } from '../../streams.ts'
import { latestSnapshot } from '../response-store.ts'
import type { Refusal } from '../strict.ts'
import { errorBody } from '../upstream-errors.ts'

/** What the endpoint allows a connection. */
const MAX_NAMED_LANES = 32
const MAX_IN_FLIGHT = 16
const STREAM_ID = /^[A-Za-z0-9_.-]{1,256}$/

/** Responses one after the other on a WebSocket, and the latest of them: the only one that is in memory. */
export class Lane {
  /** Its `stream_id`; `undefined` for the default lane. */
  readonly name: string | undefined
  /** The response that can be continued, whether it is stored or not. */
  latest: string | undefined
  /** Events of the latest answer. */
  events: readonly JsonObject[] = []
  readonly #changed: () => void
  #tail: Promise<void> = Promise.resolve()

  constructor(name: string | undefined, changed: () => void) {
    this.name = name
    this.#changed = changed
  }

  /** Runs one request after those that came before. */
  run(request: () => Promise<void>): Promise<void> {
    this.#tail = this.#tail.then(request)
    return this.#tail
  }

  /** The last event of an answer is about to be sent. One that failed leaves nothing to continue. */
  answered(events: readonly JsonObject[]): void {
    const { type } = events.at(-1) ?? {}
    const id = latestSnapshot(events)?.id
    const isUsable = type === 'response.completed' || type === 'response.incomplete'
    this.events = events
    this.#setLatest(isUsable && typeof id === 'string' ? id : undefined)
  }

  /** A request was refused with 4xx or 5xx: the response that it continued is forgotten. */
  refused(previousResponseId: unknown): void {
    if (this.latest === previousResponseId) this.#setLatest(undefined)
  }

  #setLatest(id: string | undefined): void {
    this.latest = id
    this.#changed()
  }
}

/** The lanes of one WebSocket. */
export class Lanes {
  readonly default: Lane
  readonly #named = new Map<string, Lane>()
  readonly #allowNamed: boolean
  #inFlight = 0

  constructor(allowNamed: boolean, changed: () => void) {
    this.#allowNamed = allowNamed
    this.default = new Lane(undefined, changed)
  }

  /** The lane of a message, or why it gets none. */
  of(streamId: unknown): Lane | Refusal {
    if (this.#inFlight >= MAX_IN_FLIGHT) return refusal('websocket_stream_limit_reached', MANY_IN_FLIGHT)
    if (streamId === undefined || streamId === null) return this.default
    if (!this.#allowNamed) return refusal('unknown_parameter', "Unknown parameter: 'stream_id'.")
    if (typeof streamId !== 'string' || !STREAM_ID.test(streamId)) return refusal('invalid_stream_id', INVALID_ID)
    const known = this.#named.get(streamId)
    if (known !== undefined) return known
    if (this.#named.size >= MAX_NAMED_LANES) return refusal('websocket_stream_limit_reached', MANY_LANES)
    const lane = new Lane(streamId, () => {})
    this.#named.set(streamId, lane)
    return lane
  }

  async run(lane: Lane, request: () => Promise<void>): Promise<void> {
    this.#inFlight++
    try {
      await lane.run(request)
    } finally {
      this.#inFlight--
    }
  }
}

const MANY_IN_FLIGHT = `At most ${MAX_IN_FLIGHT} responses can be in flight on one connection.`
const MANY_LANES = `At most ${MAX_NAMED_LANES} streams can be opened on one connection.`
const INVALID_ID = "Invalid 'stream_id': expected 1 to 256 letters, digits, '_', '.' or '-'."

function refusal(code: string, message: string): Refusal {
  return { status: 400, body: errorBody('invalid_request_error', message, code, 'stream_id') }
}
