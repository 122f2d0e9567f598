import { NONE } from './lists.ts'
import type { Member } from './live-set.ts'

/** An object that can be aborted. */
export interface Abortable {
  abort(reason: unknown): void
}

/**
 * Whether `value` can be used to abort a call. A signal of another realm or of a library is not an instance of
 * `AbortSignal`, so a listener is added and removed as a test: a failure would otherwise appear only during the call.
 */
export function isUsableSignal(value: unknown): value is AbortSignal {
  if (value instanceof AbortSignal) return true
  if (typeof value !== 'object' || value === null) return false
  try {
    const signal = value as AbortSignal
    if (typeof signal.aborted !== 'boolean') return false
    signal.addEventListener('abort', untold, { once: true })
    signal.removeEventListener('abort', untold)
    return true
  } catch {
    return false
  }
}

const untold = (): void => {}

type Watcher = ((reason: unknown) => void) | Abortable

/**
 * Holds one listener on the caller's signal for a whole call, however many attempts and sleeps it takes. The listener
 * is attached only while there is a watcher, so that streams that are never read to their end leave no listeners on a
 * long-lived signal. `dispose()` removes it for good. The owner of the scope can also abort it.
 */
export class AbortScope implements Member, Abortable {
  place = -1
  readonly #signal: AbortSignal | undefined
  readonly #parent: AbortScope | undefined
  #first: Watcher | undefined
  /** All other watchers; mostly there are none. Replaced, never written to: a watcher may stop watching while it is told. */
  #others: readonly Watcher[] = NONE
  #aborted: { readonly reason: unknown } | undefined
  #disposed = false

  constructor(signal: AbortSignal | undefined, parent?: AbortScope) {
    this.#signal = signal
    this.#parent = parent
  }

  get aborted(): boolean {
    return this.#asked !== undefined
  }

  /** The caller's own reason, unchanged. */
  get reason(): unknown {
    return this.#asked?.reason
  }

  /** Calls `watcher` on abort. Returns the function that stops watching. */
  watch(watcher: Watcher): () => void {
    this.#add(watcher)
    return () => this.#forget(watcher)
  }

  /** Aborts the scope from inside. Only the first reason counts. */
  abort(reason: unknown): void {
    if (this.#asked !== undefined || this.#disposed) return
    this.#tell(reason)
  }

  #tell(reason: unknown): void {
    this.#aborted = { reason }
    const others = this.#others
    if (this.#first !== undefined) tell(this.#first, reason)
    for (const watcher of others) tell(watcher, reason)
  }

  /** A child scope, which is aborted with this one. Disposing the child does not affect this scope. */
  child(): AbortScope {
    const child = new AbortScope(undefined, this)
    const asked = this.#asked
    if (asked !== undefined) child.abort(asked.reason)
    else this.#add(child)
    return child
  }

  throwIfAborted(): void {
    const asked = this.#asked
    if (asked !== undefined) throw asked.reason
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#signal?.removeEventListener('abort', this)
    if (this.#parent !== undefined) this.#parent.#forget(this)
    this.#first = undefined
    this.#others = NONE
  }

  /** Listener of the signal. */
  handleEvent(): void {
    if (this.#aborted === undefined && !this.#disposed) this.#tell(this.#signal?.reason)
  }

  /** The first abort. While there is no watcher there is no listener, so the signal itself is checked. */
  get #asked(): { readonly reason: unknown } | undefined {
    if (this.#aborted === undefined && !this.#disposed && this.#signal?.aborted)
      this.#aborted = { reason: this.#signal.reason }
    return this.#aborted
  }

  #add(watcher: Watcher): void {
    if (this.#first !== undefined) {
      this.#others = this.#others.concat(watcher)
      return
    }
    if (!this.#disposed && this.#asked === undefined) this.#signal?.addEventListener('abort', this, { once: true })
    this.#first = watcher
  }

  #forget(watcher: Watcher): void {
    const left = this.#others.filter((other) => other !== watcher)
    if (this.#first === watcher) this.#first = left.shift()
    this.#others = left.length > 0 ? left : NONE
    if (this.#first === undefined) this.#signal?.removeEventListener('abort', this)
  }
}

function tell(watcher: Watcher, reason: unknown): void {
  if (typeof watcher === 'function') watcher(reason)
  else watcher.abort(reason)
}
