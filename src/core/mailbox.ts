import { appended, NONE } from './lists.ts'

/** Result of `take`. `failed` comes after all items were taken, so that no item is lost to a failure. */
export type Taken<T> =
  | { readonly kind: 'item'; readonly item: T }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'end' }
  | { readonly kind: 'failed'; readonly error: unknown }

export type Ending = Extract<Taken<never>, { kind: 'end' | 'failed' }>

/** Waits for items. An interface of an object that exists anyway: a function for each event would cost memory. */
export interface Consumer {
  /** Called once for each `whenReady`. */
  onReady(): void
}

const NOTHING: Taken<never> = { kind: 'nothing' }
const END: Ending = { kind: 'end' }

/** A queue with one producer and one consumer: items in order, then one end. */
export class Mailbox<T> {
  #items: readonly T[] = NONE
  #ending: Ending | undefined
  #waiting: Consumer | undefined

  get ended(): boolean {
    return this.#ending !== undefined
  }

  /** Everything was taken, and the mailbox ended without a failure. */
  get over(): boolean {
    return this.#ending?.kind === 'end' && this.#items.length === 0
  }

  /** The items that were not taken yet. */
  get items(): readonly T[] {
    return this.#items
  }

  /** Adds an item. The producer calls `notify` after its last item to wake the consumer. */
  put(item: T): void {
    if (this.#ending !== undefined) return
    this.#items = appended(this.#items, item)
  }

  end(): void {
    this.#ending ??= END
    this.notify()
  }

  fail(error: unknown): void {
    this.#ending ??= { kind: 'failed', error }
    this.notify()
  }

  /** Drops all items. More may come. */
  clear(): void {
    this.#items = NONE
  }

  /** Drops all items and ends: the consumer has left, or the caller has aborted. */
  discard(error: unknown): void {
    this.#items = NONE
    this.#ending = { kind: 'failed', error }
    this.notify()
  }

  take(): Taken<T> {
    if (this.#items.length === 0) return this.#ending ?? NOTHING
    const item = this.#items[0] as T
    // Mostly it is the only one, and making a list shorter takes longer.
    if (this.#items.length === 1) this.#items = NONE
    else (this.#items as T[]).shift()
    return { kind: 'item', item }
  }

  /** Wakes the consumer once `take` has a result: at once if it has one now. */
  whenReady(consumer: Consumer): void {
    this.#waiting = consumer
    this.notify()
  }

  /** Wakes the consumer if it waits and there is a result. */
  notify(): void {
    const waiting = this.#waiting
    if (waiting === undefined || (this.#items.length === 0 && this.#ending === undefined)) return
    this.#waiting = undefined
    waiting.onReady()
  }
}
