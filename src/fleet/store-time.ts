/** The clock of the store, as this process sees it. Processes have clocks that differ by hours, and the store has one. */
export class StoreTime {
  /** What the clock of the store shows when ours shows 0. */
  #offset: number | undefined

  /** The store said its time, between these two instants of our clock. */
  learn(storeNow: number, askedAt: number, answeredAt: number): void {
    this.#offset = storeNow - (askedAt + answeredAt) / 2
  }

  /** An instant of our clock, by that of the store. Whole milliseconds; empty where it is not known. */
  toStore(at: number): string {
    return this.#offset === undefined ? '' : String(Math.round(at + this.#offset))
  }

  /** How long from now until this instant of the store. `undefined` where it is not known. */
  untilStore(storeAt: number, now: number): number | undefined {
    return this.#offset === undefined ? undefined : storeAt - this.#offset - now
  }
}
