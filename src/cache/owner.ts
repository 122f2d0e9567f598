import { ignoreRejection, isThenable } from '../core/thenable.ts'
import type { ClientCacheEvent, ClientCacheOptions } from './types.ts'

/**
 * The callbacks of a cache that answer at once, or not at all. They are the user's: what they throw, or reject with, must
 * change nothing of what becomes of a client, and must not end the process.
 */
export class Owner<C> {
  readonly #options: ClientCacheOptions<C>
  #answersLater = false

  constructor(options: ClientCacheOptions<C>) {
    this.#options = options
  }

  /** `isUsable` has returned a promise. */
  get answersLater(): boolean {
    return this.#answersLater
  }

  /** A promise says nothing now, and would pass for `true`: it counts as a no. */
  isUsable(client: C): boolean {
    try {
      const answer: unknown = this.#options.isUsable(client)
      if (!isThenable(answer)) return Boolean(answer)
      this.#answersLater = true
      ignoreRejection(answer)
    } catch {
      // A client that cannot even be asked is none to hand out.
    }
    return false
  }

  retire(client: C): void {
    try {
      ignoreRejection(this.#options.retire?.(client))
    } catch {
      // It is on its way out: what fails here must not keep it from being destroyed.
    }
  }

  tell(event: ClientCacheEvent): void {
    try {
      ignoreRejection(this.#options.onEvent?.(event))
    } catch {
      // Nobody is left to tell of it.
    }
  }

  /** A client that cannot even be destroyed properly must not take its users along. */
  async destroy(client: C): Promise<void> {
    try {
      await this.#options.destroy(client)
    } catch {}
  }
}
