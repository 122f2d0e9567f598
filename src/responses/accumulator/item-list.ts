import { type Entry, PLACE_SIZE } from './entry.ts'
import { areDistinct, haveOneName, isAnotherItem, isSameFinished, nameOf } from './identity.ts'
import { ItemNames, OpenItems } from './item-names.ts'
import { addTold, copyOf, isIndex, type Loose } from './json.ts'

/** Up to this many items a linear search is as fast as a lookup. Most responses have no more. */
const FEW = 8

/**
 * The items of a response by `output_index`. Names are used only if the index is missing or several items share it:
 * some gateways write another id into each event, others the same index into all.
 */
export class ItemList {
  /** In the order of their first event. */
  #entries: readonly Entry[] = []
  /** Used above the number of items for a linear search. */
  #byIndex: Map<number, Entry> | undefined
  #names: ItemNames | undefined
  #open: OpenItems | undefined
  #nextIndex = 0
  #size = 0

  /** Approximate size of the JSON of all items. */
  get size(): number {
    return this.#size
  }

  inOrder(): readonly Entry[] {
    return this.#entries.toSorted((one, other) => one.index - other.index)
  }

  /** Records that an item has grown. */
  grew(entry: Entry, by: number): void {
    entry.size += by
    this.#size += by
  }

  /** `response.output_item.added`. */
  announce(index: unknown, item: Loose): void {
    const tally = { size: 0 }
    const told = copyOf(item, tally)
    const known = this.#find(index, nameOf(item.id), nameOf(item.call_id), item.type)
    const isAnother =
      known === undefined ||
      (known.announced && areDistinct(known.item, item)) ||
      (known.finished && !haveOneName(known.item, item))
    if (isAnother) {
      const entered = this.#enter(index, told)
      entered.announced = true
      this.grew(entered, tally.size)
    } else if (!known.finished) {
      const { type } = known.item
      addTold(known.item, told)
      known.announced = true
      this.grew(known, tally.size)
      this.#names?.add(known)
      if (known.item.type !== type) this.#open?.add(known)
    }
  }

  /** `response.output_item.done`: replaces what was rebuilt, but never the finished content of another item. */
  finish(index: unknown, item: Loose): void {
    const callId = nameOf(item.call_id)
    const known = this.#find(index, nameOf(item.id), callId, item.type) ?? this.#unfinished(index, callId, item.type)
    const entry = this.#ending(known, item) ?? this.#begunAt(index, item) ?? this.#enter(index, { type: item.type })
    const tally = { size: PLACE_SIZE }
    entry.item = copyOf(item, tally)
    entry.announced = true
    entry.payloadFinished = true
    entry.finished = true
    this.grew(entry, tally.size - entry.size)
    this.#names?.add(entry)
  }

  /** The item that a delta belongs to. Created from the delta if a stream is resumed in the middle of it. */
  under(event: Loose, type: string): Entry {
    const { output_index: index } = event
    const id = nameOf(event.item_id)
    const callId = nameOf(event.call_id)
    const known = this.#find(index, id, callId, type) ?? this.#underWay(index, callId, type)
    if (known !== undefined) return known
    return this.#enter(index, {
      ...(id !== undefined && { id }),
      ...(callId !== undefined && { call_id: callId }),
      type,
      ...(type === 'message' && { role: 'assistant' }),
    })
  }

  /** The known item at the index of an item that ends, if it is that item. */
  #ending(known: Entry | undefined, item: Loose): Entry | undefined {
    if (known === undefined) return undefined
    if (known.finished) return isSameFinished(known.item, item) ? known : undefined
    return known.announced && isAnotherItem(known.item, item) ? undefined : known
  }

  /** If several items share an index: the first open one of this type. */
  #begunAt(index: unknown, { type, call_id: callId }: Loose): Entry | undefined {
    if (!isIndex(index) || this.#entries.length === 0) return undefined
    this.#open ??= new OpenItems(this.#entries)
    const first = this.#open.first(type)
    return first?.index === index && !isAnotherCall(first.item, nameOf(callId)) ? first : undefined
  }

  #find(index: unknown, id: string | undefined, callId: string | undefined, type: unknown): Entry | undefined {
    if (!isIndex(index)) {
      if (id === undefined && callId === undefined) return undefined
      return this.#named(id, callId, type)
    }
    const known = this.#byIndex === undefined ? this.#lastAt(index) : this.#byIndex.get(index)
    if (known === undefined || isCalled(known.item, id, callId)) return known
    const namesake = this.#named(id, callId, type)
    return namesake?.index === index ? namesake : known
  }

  /** A loop, because it runs for each delta, and `findLast` needs a function. */
  #lastAt(index: number): Entry | undefined {
    for (let at = this.#entries.length - 1; at >= 0; at--) {
      const entry = this.#entries[at]
      if (entry?.index === index) return entry
    }
    return undefined
  }

  /** The running item, for events that name neither an index nor a known item. */
  #underWay(index: unknown, callId: string | undefined, type: unknown): Entry | undefined {
    if (isIndex(index)) return undefined
    this.#open ??= new OpenItems(this.#entries)
    const last = this.#open.last(type)
    return last !== undefined && !isAnotherCall(last.item, callId) ? last : undefined
  }

  /** The item that ends, found in the same way. */
  #unfinished(index: unknown, callId: string | undefined, type: unknown): Entry | undefined {
    if (isIndex(index)) return undefined
    this.#open ??= new OpenItems(this.#entries)
    const first = this.#open.first(type)
    return first !== undefined && !isAnotherCall(first.item, callId) ? first : this.#underWay(index, callId, type)
  }

  #enter(place: unknown, item: Loose): Entry {
    const index = isIndex(place) ? place : this.#nextIndex
    const entry: Entry = { index, item, announced: false, payloadFinished: false, finished: false, size: 0 }
    this.grew(entry, PLACE_SIZE)
    // A list made by `push` reserves room for seventeen entries.
    if (this.#entries.length === 0) this.#entries = [entry]
    else (this.#entries as Entry[]).push(entry)
    if (this.#entries.length > FEW) this.#byIndex ??= new Map(this.#entries.map((each) => [each.index, each]))
    this.#byIndex?.set(index, entry)
    this.#nextIndex = Math.max(this.#nextIndex, index + 1)
    this.#names?.add(entry)
    this.#open?.add(entry)
    return entry
  }

  #named(id: string | undefined, callId: string | undefined, type: unknown): Entry | undefined {
    this.#names ??= new ItemNames(this.#entries)
    return this.#names.find(id, callId, type)
  }
}

/** Whether an item has the names of an event, if the event has any. */
function isCalled(item: Loose, id: string | undefined, callId: string | undefined): boolean {
  return (id === undefined || item.id === id) && (callId === undefined || item.call_id === callId)
}

function isAnotherCall(item: Loose, callId: string | undefined): boolean {
  const known = nameOf(item.call_id)
  return callId !== undefined && known !== undefined && known !== callId
}
