import { identityOf, type OutputItem, outputItemOf, type RequestPrint, type Turn, withForm } from './fit.ts'
import { type MessageKind, responseIdOf } from './message.ts'
import { fits, type ItemPrint, isObject, type Json } from './prints.ts'

/** What the server of a socket knows after a response. */
export interface TurnOutcome {
  /** The latest response, which it keeps in memory; `undefined` where it keeps none. */
  readonly responseId: string | undefined
  /** What an increment can build on. */
  readonly turn: Turn | undefined
}

const TERMINAL: ReadonlySet<string> = new Set(['response.completed', 'response.failed', 'response.incomplete'])

/** Some endpoints name the response only at its end. */
const BEGINS: ReadonlySet<string> = new Set(['response.created', 'response.queued', 'response.in_progress'])

/** Follows the events of one response on a socket: whose they are, and what its server knows at the end. */
export class TurnRecorder {
  readonly #print: RequestPrint | undefined
  readonly #before: string | undefined
  #hasBegun = false
  #responseId: string | undefined
  /** Items as their own events had them. */
  #items: Array<{ readonly item: OutputItem; readonly identity: ItemPrint }> = []
  #outcome: TurnOutcome | undefined

  /**
   * @param print of the request; `undefined`: no increment will build on the response.
   * @param before the latest response of the socket: the new one has another id.
   */
  constructor(print: RequestPrint | undefined, before: string | undefined) {
    this.#print = print
    this.#before = before
  }

  get responseId(): string | undefined {
    return this.#responseId
  }

  /** A terminal event of a response came. */
  get isOver(): boolean {
    return this.#outcome !== undefined
  }

  outcome(): TurnOutcome {
    return this.#outcome ?? { responseId: undefined, turn: undefined }
  }

  /**
   * @returns `false` for an event of another response: deltas do not say whose they are, so a response has to begin with an
   * event that names it or says that it begins, and to end with one of the same name.
   */
  take({ type, json }: MessageKind): boolean {
    const id = responseIdOf(json)
    if (type === 'error' && !this.#hasBegun) return true
    if (this.isForeign({ json })) return false
    if (id === undefined && !this.#hasBegun && !BEGINS.has(type)) return false
    this.#hasBegun = true
    this.#responseId ??= id
    if (type === 'response.output_item.done' && json?.item !== undefined && this.#print !== undefined)
      this.#items.push({ item: outputItemOf(json.item), identity: identityOf(json.item) })
    if (TERMINAL.has(type)) this.#outcome = this.#outcomeOf(type, json)
    return true
  }

  /** The event names another response than this one, or than the one before it on the socket. */
  isForeign({ json }: Pick<MessageKind, 'json'>): boolean {
    const id = responseIdOf(json)
    if (id === undefined) return false
    return this.#responseId === undefined ? id === this.#before : id !== this.#responseId
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
    // Some endpoints state no output at the end, or send no events of items. Two that disagree say nothing certain.
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
