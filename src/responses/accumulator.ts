import { NONE } from '../core/lists.ts'
import { classOfEvent } from '../sse/event-classes.ts'
import type { Entry } from './accumulator/entry.ts'
import { MAX_TEXT } from './accumulator/growing-text.ts'
import { ItemList } from './accumulator/item-list.ts'
import { copyOf, isLoose, type Loose } from './accumulator/json.ts'
import { rowOf } from './accumulator/rows.ts'
import { completedOutput, type StatedOutput } from './accumulator/stated-output.ts'
import type { ResponseObject, ResponseOutputItem, ResponseStreamEvent, ResponseUsage } from './schema/index.ts'

/** How a response ended. */
export type TerminalStatus = 'completed' | 'failed' | 'incomplete' | 'cancelled'

/** What an agent may keep of an interrupted response. */
export interface PartialResponse {
  /** The text of all messages so far. */
  readonly text: string
  /** Items whose `response.output_item.done` came. */
  readonly finishedItems: readonly ResponseOutputItem[]
  /** What is known about the other items. Never run a tool call from here: its arguments are incomplete. */
  readonly unfinishedItems: readonly UnfinishedItem[]
}

/**
 * Deliberately not a `ResponseOutputItem`, so that the compiler refuses to run it or send it back. Only `type` is
 * certain.
 */
export interface UnfinishedItem {
  readonly type: string
  readonly [field: string]: unknown
}

/**
 * Rebuilds a response from the events of its stream. Accepts any order, ids and fields. Keeps no references to event
 * objects, and returns copies.
 */
export class ResponseAccumulator {
  readonly #items = new ItemList()
  /** The last whole response in an event. After the terminal event it is the final response. */
  #stated: Loose | undefined
  #id: string | undefined
  #laterId: string | undefined
  #terminal: TerminalStatus | undefined
  #statedOutput: StatedOutput | undefined
  #wrongStatus: string | undefined
  readonly #maxSize: number

  /**
   * @param maxBytes limit for the output that is rebuilt from events. The same as for one event with the whole output.
   */
  constructor(maxBytes = 64 * 1024 * 1024) {
    this.#maxSize = maxBytes > 0 ? Math.min(maxBytes, MAX_TEXT) : MAX_TEXT
  }

  /** Adds one event. A delta costs one append. Never throws. Events after the terminal event are ignored. */
  add(event: ResponseStreamEvent): void {
    if (this.#terminal !== undefined || !isLoose(event)) return
    const { type } = event as Loose
    if (typeof type === 'string') this.#fold(type, event)
  }

  /**
   * The limit, if the output exceeds it: characters of text, plus `PLACE_SIZE` for each item and each list entry.
   * Nothing is added after that.
   */
  get tooLargeFor(): number | undefined {
    return this.#items.size > this.#maxSize ? this.#maxSize : undefined
  }

  /** Indexes of items that a complete response omits, because they have no end. */
  get leftOut(): readonly number[] {
    if (this.#terminal !== 'completed' || hasOutput(this.#stated)) return NONE
    return this.#items
      .inOrder()
      .filter((entry) => !this.#standsIn(entry))
      .map(({ index }) => index)
  }

  /** Indexes of finished items that the terminal event omits or has emptied; see `completedOutput`. */
  get missing(): readonly number[] {
    return this.#terminal === undefined || !hasOutput(this.#stated)
      ? NONE
      : this.#completed(this.#stated.output).missing
  }

  /** The status in the terminal event, if it says that the response is still running. */
  get wrongStatus(): string | undefined {
    return this.#wrongStatus
  }

  /** `response.id` of the first event. Some gateways change it later. */
  get id(): string | undefined {
    return this.#id
  }

  /** Every id of the response: the first one, and one to which a gateway changed it. */
  get ids(): readonly string[] {
    return [this.#id, this.#laterId].filter((id) => id !== undefined)
  }

  /** How the response ended. An `error` event is not an end, because a `response.failed` may follow. */
  get terminal(): TerminalStatus | undefined {
    return this.#terminal
  }

  get usage(): ResponseUsage | undefined {
    const usage = this.#stated?.usage
    return isLoose(usage) ? (copyOf(usage) as unknown as ResponseUsage) : undefined
  }

  /** All text of all messages so far, like `output_text` of the `openai` SDK. */
  get outputText(): string {
    return textOf(this.#output())
  }

  /**
   * The response so far. After the terminal event it is the final response. `undefined` before the first event with a
   * response.
   */
  get response(): ResponseObject | undefined {
    return this.#stated && this.toResponse()
  }

  /**
   * The final response: the one of the terminal event. If its `output` is empty, the rebuilt items are used. Finished
   * messages and tool calls that its `output` omits or has emptied are restored, see `completedOutput`. `output_text`
   * is not enumerable, so the JSON is that of an endpoint without streaming.
   */
  toResponse(): ResponseObject {
    const output = this.#output()
    const response = copyOf({ ...(this.#stated ?? { object: 'response' }), output })
    if (!Object.hasOwn(response, 'output_text')) {
      Object.defineProperty(response, 'output_text', { value: textOf(output), configurable: true, writable: true })
    }
    return response as unknown as ResponseObject
  }

  /** What can be kept if the stream ends here, using only events of items. */
  partial(): PartialResponse {
    const entries = this.#items.inOrder()
    const itemsOf = (finished: boolean) => copyOf(entries.filter((each) => each.finished === finished).map(itemOf))
    return {
      text: textOf(entries.map(itemOf)),
      finishedItems: itemsOf(true) as unknown as ResponseOutputItem[],
      unfinishedItems: itemsOf(false) as unknown as UnfinishedItem[],
    }
  }

  #fold(type: string, event: Loose): void {
    const row = rowOf(type)
    if (row !== undefined) {
      if (this.#items.size > this.#maxSize) return
      const itemType = typeof row.itemType === 'string' ? row.itemType : row.itemType(event)
      const entry = this.#items.under(event, itemType)
      if (entry.finished) return
      this.#items.grew(entry, row.fold(entry.item, event))
      if (row.finishesPayload) entry.payloadFinished = true
      return
    }
    const { item, output_index: index } = event
    const isItem = isLoose(item) && this.#items.size <= this.#maxSize
    if (isItem && type === 'response.output_item.added') this.#items.announce(index, item)
    else if (isItem && type === 'response.output_item.done') this.#items.finish(index, item)
    else this.#state(type, event)
  }

  #state(type: string, event: Loose): void {
    const terminal = terminalStatusOf(type, event)
    if (terminal === undefined && !type.startsWith('response.')) return
    const { response } = event
    if (isLoose(response)) {
      if (typeof response.id === 'string' && response.id !== '') {
        this.#id ??= response.id
        if (response.id !== this.#id) this.#laterId = response.id
      }
      this.#stated = copyOf(response)
    } else if (terminal !== undefined) {
      this.#stated = { ...(this.#stated ?? { object: 'response' }), status: terminal, output: [] }
    }
    this.#terminal = terminal
    const stated = this.#stated
    if (terminal === undefined || stated === undefined) return
    const { status } = stated
    // The type of the event decides: a gateway copied the status of an earlier snapshot into it.
    if (status !== 'queued' && status !== 'in_progress') return
    this.#wrongStatus = status
    stated.status = terminal
  }

  #output(): readonly unknown[] {
    const stated = hasOutput(this.#stated) ? this.#stated.output : []
    if (this.#terminal !== undefined && stated.length > 0) return this.#completed(stated).output
    const entries = this.#items.inOrder()
    const known = this.#terminal === undefined ? entries : entries.filter((entry) => this.#standsIn(entry))
    return known.length > 0 ? known.map(itemOf) : stated
  }

  /** Cached: items are only finished before the terminal event. */
  #completed(stated: readonly unknown[]): StatedOutput {
    this.#statedOutput ??= completedOutput(stated, this.#items.inOrder())
    return this.#statedOutput
  }

  /**
   * Whether an item belongs into a final response whose own output is empty. Unfinished items do if the response is
   * complete (some gateways send no `response.output_item.done`), except tool calls that may be incomplete.
   */
  #standsIn({ finished, announced, payloadFinished, item }: Entry): boolean {
    if (finished || this.#terminal !== 'completed') return finished
    const isCall = typeof item.type === 'string' && item.type.endsWith('_call')
    return !isCall || (announced && payloadFinished)
  }
}

const TERMINAL_BY_TYPE: ReadonlyMap<string, TerminalStatus> = new Map([
  ['response.completed', 'completed'],
  ['response.done', 'completed'],
  ['response.failed', 'failed'],
  ['response.incomplete', 'incomplete'],
  ['response.cancelled', 'cancelled'],
])
const TERMINAL_STATUSES: ReadonlySet<unknown> = new Set(TERMINAL_BY_TYPE.values())

/** The status of the response decides first: a `response.done` may have any status. */
function terminalStatusOf(type: string, event: Loose): TerminalStatus | undefined {
  const byType = TERMINAL_BY_TYPE.get(type)
  if (byType === undefined && classOfEvent(type, event) !== 'terminal') return undefined
  const status = isLoose(event.response) ? event.response.status : undefined
  return TERMINAL_STATUSES.has(status) ? (status as TerminalStatus) : byType
}

function hasOutput(response: Loose | undefined): response is Loose & { readonly output: readonly unknown[] } {
  return Array.isArray(response?.output) && response.output.length > 0
}

function itemOf({ item }: Entry): Loose {
  return item
}

function textOf(output: readonly unknown[]): string {
  let text = ''
  for (const item of output) {
    if (!isLoose(item) || item.type !== 'message' || !Array.isArray(item.content)) continue
    for (const part of item.content) {
      if (isLoose(part) && part.type === 'output_text' && typeof part.text === 'string') text += part.text
    }
  }
  return text
}
