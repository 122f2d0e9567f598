import { identityOf, type OutputItem, outputItemOf, type RequestPrint, type Turn, withForm } from './fit.ts'
import { laneOf, type MessageKind, responseIdOf } from './message.ts'
import { fits, type ItemPrint, isObject, type Json } from './prints.ts'

/** What the server of a socket knows after a response has ended. */
export interface TurnOutcome {
  /** The response that the server keeps in memory; `undefined` after `response.failed`. */
  readonly responseId: string | undefined
  /** What the next request is compared with; `undefined`: the next request is sent whole. */
  readonly turn: Turn | undefined
}

const TERMINAL: ReadonlySet<string> = new Set(['response.completed', 'response.failed', 'response.incomplete'])

/** Types that begin a response even if the event has no response id: some endpoints send the id only at the end. */
const BEGINS: ReadonlySet<string> = new Set(['response.created', 'response.queued', 'response.in_progress'])

/** Follows the events of one response on a socket: whether they belong to it, and what the server knows at the end. */
export class TurnRecorder {
  readonly #print: RequestPrint | undefined
  readonly #isEarlier: (responseId: string) => boolean
  #hasBegun = false
  /** The `stream_id` of the first event. */
  #lane: string | undefined
  #responseId: string | undefined
  /** The items of the `response.output_item.done` events. */
  #items: Array<{ readonly item: OutputItem; readonly identity: ItemPrint }> = []
  #outcome: TurnOutcome | undefined

  /**
   * @param print of the request; `undefined`: the next request is not sent as an increment.
   * @param isEarlier whether the socket has brought a response with this id before. The new response has another id.
   */
  constructor(print: RequestPrint | undefined, isEarlier: (responseId: string) => boolean) {
    this.#print = print
    this.#isEarlier = isEarlier
  }

  get responseId(): string | undefined {
    return this.#responseId
  }

  /** An event of the response arrived. */
  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** A terminal event of the response arrived. */
  get isOver(): boolean {
    return this.#outcome !== undefined
  }

  outcome(): TurnOutcome {
    return this.#outcome ?? { responseId: undefined, turn: undefined }
  }

  /**
   * @returns `false` for an event of another response. Deltas name no response, so a response must begin with an event that
   * names it or opens it, and every event with an id must have the same id.
   */
  take({ type, json }: MessageKind): boolean {
    // An event of the middle that names nothing.
    if (json === undefined && this.#hasBegun) return true
    const id = responseIdOf(json)
    if (type === 'error' && !this.#hasBegun) return true
    const lane = laneOf(json)
    // The library sends no `stream_id`, but some endpoints name the default one.
    const isOfOtherLane = this.#hasBegun && lane !== undefined && lane !== this.#lane
    if (isOfOtherLane || this.isForeign({ json })) return false
    if (id === undefined && !this.#hasBegun && !BEGINS.has(type)) return false
    if (!this.#hasBegun) this.#lane = lane
    this.#hasBegun = true
    this.#responseId ??= id
    if (type === 'response.output_item.done' && json?.item !== undefined && this.#print !== undefined)
      this.#items.push({ item: outputItemOf(json.item), identity: identityOf(json.item) })
    if (TERMINAL.has(type)) this.#outcome = this.#outcomeOf(type, json)
    return true
  }

  /**
   * The event names another response, for example an earlier one of this socket.
   */
  isForeign({ json }: Pick<MessageKind, 'json'>): boolean {
    const id = responseIdOf(json)
    if (id === undefined) return false
    return this.#responseId === undefined ? this.#isEarlier(id) : id !== this.#responseId
  }

  #outcomeOf(type: string, json: MessageKind['json']): TurnOutcome {
    if (type === 'response.failed') return { responseId: undefined, turn: undefined }
    const turn = type === 'response.completed' ? this.#turn(json) : undefined
    return { responseId: this.#responseId, turn }
  }

  #turn(json: MessageKind['json']): Turn | undefined {
    const request = this.#print
    const responseId = this.#responseId
    if (request === undefined || responseId === undefined) return undefined
    const response = isObject(json?.response) ? json.response : {}
    const stated = Array.isArray(response.output) ? (response.output as readonly Json[]) : []
    const items = this.#items
    // Some endpoints send the output only in the terminal event, or only in the events of items. If the two disagree, neither is used.
    if (items.length > 0 && stated.length > 0) {
      const agree = ({ identity }: (typeof items)[number], i: number) => fits(identity, identityOf(stated[i] as Json))
      if (items.length !== stated.length || !items.every(agree)) return undefined
    }
    const output =
      items.length === 0
        ? stated.map(outputItemOf)
        : items.map(({ item }, i) => (stated[i] === undefined ? item : withForm(item, stated[i])))
    return { responseId, request, output }
  }
}
