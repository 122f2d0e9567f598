import type { Entry } from './entry.ts'
import { nameOf } from './identity.ts'

/** Finds items by the names in events. Made when an event first names an item without its index. */
export class ItemNames {
  readonly #byId = new Map<string, Entry>()
  readonly #byCall = new Map<string, Entry>()

  constructor(entries: readonly Entry[]) {
    for (const entry of entries) this.add(entry)
  }

  /** The latest item with a name is found. */
  add(entry: Entry): void {
    const { type } = entry.item
    const id = nameOf(entry.item.id)
    const callId = nameOf(entry.item.call_id)
    if (id !== undefined) this.#byId.set(id, entry)
    if (callId !== undefined) this.#byCall.set(callKey(type, callId), entry)
  }

  /**
   * The item with an `id` or a `call_id`: some gateways give a call no other name, and some write its `call_id` in
   * place of the item's id. A call and its output share a `call_id`, so the type decides.
   */
  find(id: string | undefined, callId: string | undefined, type: unknown): Entry | undefined {
    return (
      (id !== undefined ? (this.#byId.get(id) ?? this.#byCall.get(callKey(type, id))) : undefined) ??
      (callId !== undefined ? this.#byCall.get(callKey(type, callId)) : undefined)
    )
  }
}

function callKey(type: unknown, callId: string): string {
  return typeof type === 'string' ? `${type} ${callId}` : callId
}

/** The unfinished items by type. Made when an event first names neither an index nor an item. */
export class OpenItems {
  readonly #byType = new Map<unknown, OpenOfType>()

  constructor(entries: readonly Entry[]) {
    for (const entry of entries) this.add(entry)
  }

  add(entry: Entry): void {
    if (entry.finished) return
    const { type } = entry.item
    const known = this.#byType.get(type)
    if (known === undefined) this.#byType.set(type, { entries: [entry], from: 0 })
    else known.entries.push(entry)
  }

  /** The item that began last, which is the one being written. */
  last(type: unknown): Entry | undefined {
    const open = this.#byType.get(type)
    if (open === undefined) return undefined
    const { entries } = open
    while (entries.length > open.from && !isOpen(entries.at(-1), type)) entries.pop()
    return entries.length > open.from ? entries.at(-1) : undefined
  }

  /** The item that began first: if all ends come last, they come in the order of the beginnings. */
  first(type: unknown): Entry | undefined {
    const open = this.#byType.get(type)
    if (open === undefined) return undefined
    const { entries } = open
    while (open.from < entries.length && !isOpen(entries[open.from], type)) open.from++
    return entries[open.from]
  }
}

/** Items before `from` are finished. An item that is finished, or has another type by now, is skipped once. */
interface OpenOfType {
  readonly entries: Entry[]
  from: number
}

function isOpen(entry: Entry | undefined, type: unknown): boolean {
  return entry !== undefined && !entry.finished && entry.item.type === type
}
