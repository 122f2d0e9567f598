import { type Few, including, listOf, without } from './few.ts'
import type { Member } from './live-set.ts'

/** What is told of an abort. */
export interface Abortable {
  abort(reason: unknown): void
}

type Watcher = ((reason: unknown) => void) | Abortable

/**
 * One listener on the caller's signal for the whole of a call, however many attempts and sleeps it takes.
 * `dispose()` removes it: a long-lived signal must not collect listeners. The owner of the scope can abort it, too.
 */
export class AbortScope implements Member, Abortable {
  place = -1
  readonly #signal: AbortSignal | undefined
  readonly #parent: AbortScope | undefined
  #watchers: Few<Watcher>
  #aborted: { readonly reason: unknown } | undefined
  #disposed = false

  constructor(signal: AbortSignal | undefined, parent?: AbortScope) {
    this.#signal = signal
    this.#parent = parent
    if (signal?.aborted) this.#aborted = { reason: signal.reason }
    else signal?.addEventListener('abort', this, { once: true })
  }

  get aborted(): boolean {
    return this.#aborted !== undefined
  }

  /** The caller's own reason, unchanged. */
  get reason(): unknown {
    return this.#aborted?.reason
  }

  /** Tells `watcher` of an abort; returns the function that stops watching. */
  watch(watcher: Watcher): () => void {
    this.#watchers = including(this.#watchers, watcher)
    return () => this.#forget(watcher)
  }

  /** Aborts from within. The first reason counts. */
  abort(reason: unknown): void {
    if (this.#aborted !== undefined || this.#disposed) return
    this.#aborted = { reason }
    for (const watcher of listOf(this.#watchers)) {
      if (typeof watcher === 'function') watcher(reason)
      else watcher.abort(reason)
    }
  }

  /** A scope of its own that is aborted with this one: for a part that ends earlier. Disposing it leaves this one alone. */
  child(): AbortScope {
    const child = new AbortScope(undefined, this)
    if (this.#aborted !== undefined) child.abort(this.#aborted.reason)
    else this.#watchers = including<Watcher>(this.#watchers, child)
    return child
  }

  throwIfAborted(): void {
    if (this.#aborted !== undefined) throw this.#aborted.reason
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#signal?.removeEventListener('abort', this)
    if (this.#parent !== undefined) this.#parent.#forget(this)
    this.#watchers = undefined
  }

  /** Of the signal: the scope itself is its listener. */
  handleEvent(): void {
    this.abort(this.#signal?.reason)
  }

  #forget(watcher: Watcher): void {
    this.#watchers = without(this.#watchers, watcher)
  }
}
