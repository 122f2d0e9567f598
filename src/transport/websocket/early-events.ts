import { appended, NONE } from '../../core/lists.ts'

/** Prefix of the types of events that report the limits of the account. */
const OF_ACCOUNT = 'codex.'

/** At most this many events are held. The next one is passed on, which makes the answer a stream. */
const MOST = 16

/**
 * Side events that arrived before any event of the response. They are held because an error frame may follow. That frame
 * becomes the answer of the call, and then there is no stream to pass these events on in.
 */
export class EarlyEvents {
  // Shared while they are empty, because many responses wait at the same time.
  #types: readonly string[] = NONE
  #events: readonly Buffer[] = NONE

  /**
   * @returns `false` if the event is not held, so it must be passed on now. An unknown type that arrives a second time is a
   * sign of life, which the caller must see while it waits for the response.
   */
  hold(type: string, bytes: Buffer): boolean {
    if (this.#events.length >= MOST || (this.#types.includes(type) && !type.startsWith(OF_ACCOUNT))) return false
    this.#types = appended(this.#types, type)
    this.#events = appended(this.#events, bytes)
    return true
  }

  take(): readonly Buffer[] {
    const events = this.#events
    this.#events = NONE
    this.#types = NONE
    return events
  }
}
