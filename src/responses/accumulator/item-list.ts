import { copyOf, isIndex, isLoose, type Loose } from './json.ts'

/** One item of the output, and how far it is. */
export interface Entry {
  readonly index: number
  item: Loose
  /** `response.output_item.added` or `.done` came. Otherwise all that is known of it are deltas. */
  announced: boolean
  /** The endpoint sent all of what the model wrote for the call: its arguments, its input, its diff. */
  payloadFinished: boolean
  /** `response.output_item.done` came: the item is what it is for good. */
  finished: boolean
}

/** So many are looked through as quickly as looked up, and most responses have no more. */
const FEW = 8

/**
 * The items of a response, each under its `output_index`. Ids serve only where the index is missing or where several items
 * share it: some gateways write another id into each event, others the same index into all.
 */
export class ItemList {
  /** In the order in which they were first heard of. */
  #entries: readonly Entry[] = []
  /** Of more items than are quickly looked through. */
  #byIndex: Map<number, Entry> | undefined
  /** Made when one is first looked for by its id. */
  #byId: Map<string, Entry> | undefined
  #nextIndex = 0

  inOrder(): readonly Entry[] {
    return this.#entries.toSorted((one, other) => one.index - other.index)
  }

  /** `response.output_item.added`. */
  announce(index: unknown, item: Loose): void {
    const known = this.#find(index, item.id)
    if (known === undefined || (known.announced && areDistinct(known.item, item))) {
      this.#enter(index, copyOf(item)).announced = true
    } else if (!known.finished) {
      known.item = withWhatIsKnown(copyOf(item), known.item)
      known.announced = true
      this.#name(known)
    }
  }

  /** `response.output_item.done`: the endpoint's word replaces what was rebuilt. */
  finish(index: unknown, item: Loose): void {
    const known = this.#find(index, item.id) ?? this.#unfinished(index, item.type)
    const isAnother = known === undefined || (known.finished && areDistinct(known.item, item))
    const entry = isAnother ? this.#enter(index, {}) : known
    entry.item = copyOf(item)
    entry.announced = true
    entry.payloadFinished = true
    entry.finished = true
    this.#name(entry)
  }

  /** The item that a delta belongs to; begun with what the delta tells, if a stream is picked up in the middle of it. */
  under({ output_index: index, item_id: id }: Loose, type: string): Entry {
    const known = this.#find(index, id) ?? this.#unfinished(index, type)
    if (known !== undefined) return known
    const begun = { ...(typeof id === 'string' && { id }), type, ...(type === 'message' && { role: 'assistant' }) }
    return this.#enter(index, begun)
  }

  #find(index: unknown, id: unknown): Entry | undefined {
    if (!isIndex(index)) return typeof id === 'string' ? this.#named(id) : undefined
    const known =
      this.#byIndex === undefined ? this.#entries.findLast((each) => each.index === index) : this.#byIndex.get(index)
    if (known === undefined || typeof id !== 'string' || known.item.id === id) return known
    const namesake = this.#named(id)
    return namesake?.index === index ? namesake : known
  }

  /** The item under way, for events that name neither a place nor an item that is known. */
  #unfinished(index: unknown, type: unknown): Entry | undefined {
    if (isIndex(index)) return undefined
    return this.#entries.findLast((entry) => !entry.finished && entry.item.type === type)
  }

  #enter(place: unknown, item: Loose): Entry {
    const index = isIndex(place) ? place : this.#nextIndex
    const entry: Entry = { index, item, announced: false, payloadFinished: false, finished: false }
    // What `push` makes of an empty list has room for seventeen.
    if (this.#entries.length === 0) this.#entries = [entry]
    else (this.#entries as Entry[]).push(entry)
    if (this.#entries.length > FEW) this.#byIndex ??= new Map(this.#entries.map((each) => [each.index, each]))
    this.#byIndex?.set(index, entry)
    this.#nextIndex = Math.max(this.#nextIndex, index + 1)
    this.#name(entry)
    return entry
  }

  #name(entry: Entry): void {
    if (typeof entry.item.id === 'string') this.#byId?.set(entry.item.id, entry)
  }

  #named(id: string): Entry | undefined {
    this.#byId ??= new Map(this.#entries.map((each) => [each.item.id as string, each]))
    return this.#byId.get(id)
  }
}

/** Whether two items at one index cannot be the same. */
function areDistinct(one: Loose, other: Loose): boolean {
  for (const key of ['id', 'call_id']) {
    if (typeof one[key] === 'string' && typeof other[key] === 'string') return one[key] !== other[key]
  }
  return false
}

/** A late announcement, with what deltas told before it: at its top, and in `action` and `operation` one level below. */
export function withWhatIsKnown(fresh: Loose, known: unknown, levels = 2): Loose {
  if (!isLoose(known)) return fresh
  for (const key of Object.keys(known)) {
    const told = fresh[key]
    if (isBlank(told)) fresh[key] = known[key]
    else if (levels > 1 && isLoose(told)) withWhatIsKnown(told, known[key], levels - 1)
  }
  return fresh
}

function isBlank(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
}
