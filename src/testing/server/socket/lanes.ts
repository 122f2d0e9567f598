import type { JsonObject } from '../../streams.ts'
import { latestSnapshot } from '../response-store.ts'
import type { Refusal } from '../strict.ts'
import { errorBody } from '../upstream-errors.ts'

/** Limits of OpenAI for one WebSocket. */
const MAX_NAMED_LANES = 32
const MAX_IN_FLIGHT = 16
const STREAM_ID = /^[A-Za-z0-9_.-]{1,256}$/

/** A lane carries one response after the other. The server keeps only the latest of them in memory. */
export class Lane {
  /** Its `stream_id`; `undefined` for the default lane. */
  readonly name: string | undefined
  /** The id of the response that can be continued even if it is not stored. */
  latest: string | undefined
  /** Events of the latest answer. */
  events: readonly JsonObject[] = []
  readonly #changed: () => void
  #tail: Promise<void> = Promise.resolve()

  constructor(name: string | undefined, changed: () => void) {
    this.name = name
    this.#changed = changed
  }

  /** Runs a request once the earlier ones on this lane have ended. */
  run(request: () => Promise<void>): Promise<void> {
    this.#tail = this.#tail.then(request)
    return this.#tail
  }

  /** Called when the last event of an answer is about to be sent. After a failed response there is nothing to continue. */
  answered(events: readonly JsonObject[]): void {
    const { type } = events.at(-1) ?? {}
    const id = latestSnapshot(events)?.id
    const isUsable = type === 'response.completed' || type === 'response.incomplete'
    this.events = events
    this.#setLatest(isUsable && typeof id === 'string' ? id : undefined)
  }

  /** Called when a request was refused with 4xx or 5xx. Forgets the response that it wanted to continue. */
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

  /** The lane of a message, or the refusal if there is no lane for it. */
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
