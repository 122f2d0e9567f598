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

/** What an agent may keep of a response that broke off. */
export interface PartialResponse {
  /** The text of all messages, as far as it came. */
  readonly text: string
  /** Items whose `response.output_item.done` came. */
  readonly finishedItems: readonly ResponseOutputItem[]
  /** What is known of the others. Never run a tool call from among these: its arguments did not finish. */
  readonly unfinishedItems: readonly UnfinishedItem[]
}

/** Deliberately no `ResponseOutputItem`: the compiler keeps it from being run or sent back. Only `type` is sure. */
export interface UnfinishedItem {
  readonly type: string
  readonly [field: string]: unknown
}

/**
 * Rebuilds a response from the events of its stream alone. It takes whatever order, ids and fields they come with, and
 * keeps nothing of the event objects themselves; nothing that it hands out is its own.
 */
export class ResponseAccumulator {
  readonly #items = new ItemList()
  /** The last whole response that an event carried: the final one, once there is a terminal event. */
  #stated: Loose | undefined
  #id: string | undefined
  #laterId: string | undefined
  #terminal: TerminalStatus | undefined
  #statedOutput: StatedOutput | undefined
  #wrongStatus: string | undefined
  readonly #maxSize: number

  /** @param maxBytes how large the output may be that events make up: as large as the one event that would bring it whole. */
  constructor(maxBytes = 64 * 1024 * 1024) {
    this.#maxSize = maxBytes > 0 ? Math.min(maxBytes, MAX_TEXT) : MAX_TEXT
  }

  /** Folds one event. Costs one append for a delta. Never throws; what follows the terminal event is ignored. */
  add(event: ResponseStreamEvent): void {
    if (this.#terminal !== undefined || !isLoose(event)) return
    const { type } = event as Loose
    if (typeof type === 'string') this.#fold(type, event)
  }

  /**
   * The output is larger than it may be: characters of text, and `PLACE_SIZE` for each item and each place of its lists.
   * Nothing is added to it then. The limit, for the words about it.
   */
  get tooLargeFor(): number | undefined {
    return this.#items.size > this.#maxSize ? this.#maxSize : undefined
  }

  /** The places of items that a complete response leaves out, because their end never came. */
  get leftOut(): readonly number[] {
    if (this.#terminal !== 'completed' || hasOutput(this.#stated)) return NONE
    return this.#items
      .inOrder()
      .filter((entry) => !this.#standsIn(entry))
      .map(({ index }) => index)
  }

  /** The places of finished items that the terminal event leaves out, or has emptied; see `completedOutput`. */
  get missing(): readonly number[] {
    return this.#terminal === undefined || !hasOutput(this.#stated)
      ? NONE
      : this.#completed(this.#stated.output).missing
  }

  /** The status of the response that its terminal event carried, where that says the response is under way still. */
  get wrongStatus(): string | undefined {
    return this.#wrongStatus
  }

  /** `response.id`, as the first event had it: some gateways change it later. */
  get id(): string | undefined {
    return this.#id
  }

  /** Every id that names the response: the first one, and the one that a gateway changed it to. */
  get ids(): readonly string[] {
    return [this.#id, this.#laterId].filter((id) => id !== undefined)
  }

  /** How the response ended. An `error` event is no end: a `response.failed` may follow it. */
  get terminal(): TerminalStatus | undefined {
    return this.#terminal
  }

  get usage(): ResponseUsage | undefined {
    const usage = this.#stated?.usage
    return isLoose(usage) ? (copyOf(usage) as unknown as ResponseUsage) : undefined
  }

  /** All text of all messages so far, as `output_text` of the `openai` SDK. */
  get outputText(): string {
    return textOf(this.#output())
  }

  /** The response so far; after the terminal event, the final one. `undefined` before any event with a response. */
  get response(): ResponseObject | undefined {
    return this.#stated && this.toResponse()
  }

  /**
   * The final response: that of the terminal event, with the rebuilt items where its own `output` is empty, and with finished
   * messages and tool calls that its own `output` leaves out, or has emptied: see `completedOutput` for why. `output_text`
   * is not enumerable, so that its JSON is the JSON of an endpoint that does not stream.
   */
  toResponse(): ResponseObject {
    const output = this.#output()
    const response = copyOf({ ...(this.#stated ?? { object: 'response' }), output })
    if (!Object.hasOwn(response, 'output_text')) {
      Object.defineProperty(response, 'output_text', { value: textOf(output), configurable: true, writable: true })
    }
    return response as unknown as ResponseObject
  }

  /** What can be kept if the stream ends here, by the events of items alone. */
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
    // The event ends the response: a gateway copied the status of an earlier snapshot into the event.
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

  /** Items are finished at most until the terminal event: looked at once. */
  #completed(stated: readonly unknown[]): StatedOutput {
    this.#statedOutput ??= completedOutput(stated, this.#items.inOrder())
    return this.#statedOutput
  }

  /**
   * Whether an item belongs into a final response whose own output is empty. Items that were never finished do where all
   * is said to be complete (some gateways send no `response.output_item.done`), but no call that might be cut off.
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

/** The word of the response itself goes first: `response.done` may hold any. */
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
