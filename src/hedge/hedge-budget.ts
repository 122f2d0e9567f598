/** Hedges a client may lose before it has made any calls, and the most that it can save up. */
const INITIAL = 10
const CAPACITY = 100

/**
 * What hedging may waste: each call pays in a share, each hedge takes 1 and brings it back when it wins. In the long run
 * hedges that lose stay below that share of calls, and in an outage nobody hedges for ever.
 */
export class HedgeBudget {
  #balance = INITIAL

  get balance(): number {
    return this.#balance
  }

  /** A call ended. */
  deposit(share: number): void {
    this.#balance = Math.min(CAPACITY, this.#balance + share)
  }

  /** Takes 1; `false`, and nothing taken, when there is less. */
  withdraw(): boolean {
    if (this.#balance < 1) return false
    this.#balance -= 1
    return true
  }

  /** The hedge won, or never went out: it was no waste. */
  giveBack(): void {
    this.#balance = Math.min(CAPACITY, this.#balance + 1)
  }
}
