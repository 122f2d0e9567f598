/** Begins the type of an event that says how much of a limit of the account is left. */
const OF_ACCOUNT = 'codex.'

/** More events are not held: the answer is a stream then. */
const MOST = 16

/**
 * Side events that came before anything of the response. They are held, because an error frame that follows is the answer of
 * the call, and leaves no stream to hand them on in.
 */
export class EarlyEvents {
  readonly #types = new Set<string>()
  #events: Buffer[] = []

  /**
   * @returns `false` for an event that is not held. An unknown type that comes a second time is a sign of life, which has to
   * be handed on while the response is waited for.
   */
  hold(type: string, bytes: Buffer): boolean {
    if (this.#events.length >= MOST || (this.#types.has(type) && !type.startsWith(OF_ACCOUNT))) return false
    this.#types.add(type)
    this.#events.push(bytes)
    return true
  }

  take(): Buffer[] {
    const events = this.#events
    this.#events = []
    return events
  }
}
