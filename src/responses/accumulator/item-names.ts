import type { Entry } from './entry.ts'
import { nameOf } from './identity.ts'

/** Finds the items of a response by what events call them. Made when an event first names an item without its place. */
export class ItemNames {
  readonly #byId = new Map<string, Entry>()
  readonly #byCall = new Map<string, Entry>()

  constructor(entries: readonly Entry[]) {
    for (const entry of entries) this.add(entry)
  }

  /** The latest item of a name has it. */
  add(entry: Entry): void {
    const { type } = entry.item
    const id = nameOf(entry.item.id)
    const callId = nameOf(entry.item.call_id)
    if (id !== undefined) this.#byId.set(id, entry)
    if (callId !== undefined) this.#byCall.set(callKey(type, callId), entry)
  }

  /**
   * The item of an `id`, or of a `call_id`: some gateways give a call no other name, and some write its `call_id` where the
   * id of the item belongs. A `call_id` alone names two items, the call and its output, so that the type tells which.
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

/** The items that are not finished, by type. Made when an event first names neither a place nor an item. */
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

  /** The one that was begun last: what is being written belongs to it. */
  last(type: unknown): Entry | undefined {
    const open = this.#byType.get(type)
    if (open === undefined) return undefined
    const { entries } = open
    while (entries.length > open.from && !isOpen(entries.at(-1), type)) entries.pop()
    return entries.length > open.from ? entries.at(-1) : undefined
  }

  /** The one that was begun first: where all ends come last, they come in the order of the beginnings. */
  first(type: unknown): Entry | undefined {
    const open = this.#byType.get(type)
    if (open === undefined) return undefined
    const { entries } = open
    while (open.from < entries.length && !isOpen(entries[open.from], type)) open.from++
    return entries[open.from]
  }
}

/** Those before `from` are finished. An item that is finished, or of another type by now, is passed over once. */
interface OpenOfType {
  readonly entries: Entry[]
  from: number
}

function isOpen(entry: Entry | undefined, type: unknown): boolean {
  return entry !== undefined && !entry.finished && entry.item.type === type
}
