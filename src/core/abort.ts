import type { Member } from './live-set.ts'

/**
 * One listener on the caller's signal for the whole of a call, however many attempts and sleeps it takes.
 * `dispose()` removes it: a long-lived signal must not collect listeners. The owner of the scope can abort it, too.
 */
export class AbortScope implements Member {
  place = -1
  readonly #signal: AbortSignal | undefined
  #watchers: ReadonlyArray<(reason: unknown) => void> = []
  #aborted: { readonly reason: unknown } | undefined
  #detach: (() => void) | undefined
  #disposed = false

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal
    if (signal?.aborted) this.#aborted = { reason: signal.reason }
    else signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  get aborted(): boolean {
    return this.#aborted !== undefined
  }

  /** The caller's own reason, unchanged. */
  get reason(): unknown {
    return this.#aborted?.reason
  }

  /** Calls `watcher` on abort; returns the function that stops watching. */
  watch(watcher: (reason: unknown) => void): () => void {
    this.#watchers = this.#watchers.concat(watcher)
    return () => {
      this.#watchers = this.#watchers.filter((other) => other !== watcher)
    }
  }

  /** Aborts from within. The first reason counts. */
  abort(reason: unknown): void {
    if (this.#aborted !== undefined || this.#disposed) return
    this.#aborted = { reason }
    for (const watcher of this.#watchers) watcher(reason)
  }

  /** A scope of its own that is aborted with this one: for a part that ends earlier. Disposing it leaves this one alone. */
  child(): AbortScope {
    const child = new AbortScope(undefined)
    if (this.#aborted !== undefined) child.abort(this.#aborted.reason)
    else child.#detach = this.watch((reason) => child.abort(reason))
    return child
  }

  throwIfAborted(): void {
    if (this.#aborted !== undefined) throw this.#aborted.reason
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#detach?.()
    this.#watchers = []
  }

  readonly #onAbort = (): void => this.abort(this.#signal?.reason)
}
