import { ignoreRejection, isThenable } from '../core/thenable.ts'
import type { ClientCacheEvent, ClientCacheOptions } from './types.ts'

/**
 * The user's callbacks of a cache. If one throws or rejects, the client is handled as before, and the process does not
 * end.
 */
export class Owner<C> {
  readonly #options: ClientCacheOptions<C>
  #answersLater = false

  constructor(options: ClientCacheOptions<C>) {
    this.#options = options
  }

  /** Whether `isUsable` has returned a promise. */
  get answersLater(): boolean {
    return this.#answersLater
  }

  /** A promise is truthy but says nothing yet: it counts as `false`. */
  isUsable(client: C): boolean {
    try {
      const answer: unknown = this.#options.isUsable(client)
      if (!isThenable(answer)) return Boolean(answer)
      this.#answersLater = true
      ignoreRejection(answer)
    } catch {
      // A client whose check throws is not handed out.
    }
    return false
  }

  retire(client: C): void {
    try {
      ignoreRejection(this.#options.retire?.(client))
    } catch {
      // A throw here must not keep the client from being destroyed.
    }
  }

  tell(event: ClientCacheEvent): void {
    try {
      ignoreRejection(this.#options.onEvent?.(event))
    } catch {
      // Ignored: a listener must not break the cache.
    }
  }

  /** Ignored: a failed `destroy` must not affect the users of the cache. */
  async destroy(client: C): Promise<void> {
    try {
      await this.#options.destroy(client)
    } catch {}
  }
}
