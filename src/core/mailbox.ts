import { appended, NONE } from './lists.ts'

/** What `take` finds. `failed` comes only after everything has been taken: nothing received is lost to a failure. */
export type Taken<T> =
  | { readonly kind: 'item'; readonly item: T }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'end' }
  | { readonly kind: 'failed'; readonly error: unknown }

export type Ending = Extract<Taken<never>, { kind: 'end' | 'failed' }>

/** Who waits until there is something to take. An object that is there anyway: many wait, and each for every event. */
export interface Consumer {
  /** There is something: called once for each `whenReady`. */
  onReady(): void
}

const NOTHING: Taken<never> = { kind: 'nothing' }
const END: Ending = { kind: 'end' }

/** What one side puts and the other takes: items in order, then one ending. One consumer at a time. */
export class Mailbox<T> {
  #items: readonly T[] = NONE
  #ending: Ending | undefined
  #waiting: Consumer | undefined

  get ended(): boolean {
    return this.#ending !== undefined
  }

  /** Everything was taken, and it ended well: nothing more will come. */
  get over(): boolean {
    return this.#ending?.kind === 'end' && this.#items.length === 0
  }

  /** What was not taken yet. */
  get items(): readonly T[] {
    return this.#items
  }

  /** Adds an item. A consumer that waits is woken by `notify`, when whoever puts is done. */
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

  /** Throws away what was not taken yet. More may come. */
  clear(): void {
    this.#items = NONE
  }

  /** Throws away what nobody has taken, and ends: the consumer has left, or the caller has aborted. */
  discard(error: unknown): void {
    this.#items = NONE
    this.#ending = { kind: 'failed', error }
    this.notify()
  }

  take(): Taken<T> {
    if (this.#items.length === 0) return this.#ending ?? NOTHING
    const item = (this.#items as T[]).shift() as T
    if (this.#items.length === 0) this.#items = NONE
    return { kind: 'item', item }
  }

  /** Wakes the consumer once, as soon as `take` finds something: at once, if it does already. */
  whenReady(consumer: Consumer): void {
    this.#waiting = consumer
    this.notify()
  }

  /** Wakes the consumer, if one waits and there is something for it. */
  notify(): void {
    const waiting = this.#waiting
    if (waiting === undefined || (this.#items.length === 0 && this.#ending === undefined)) return
    this.#waiting = undefined
    waiting.onReady()
  }
}
