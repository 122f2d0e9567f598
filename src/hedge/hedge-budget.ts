/**
 * What hedging may waste: each call pays in a share, each hedge takes 1 and brings it back when it wins. In the long run
 * hedges that lose stay below that share of calls, and in an outage nobody hedges for ever.
 */
export class HedgeBudget {
  readonly #capacity: number
  #balance: number

  /**
   * @param initial hedges that may lose before any call was made.
   * @param capacity the most that can be saved up.
   */
  constructor(initial: number, capacity: number) {
    this.#balance = initial
    this.#capacity = capacity
  }

  get balance(): number {
    return this.#balance
  }

  /** A call ended. */
  deposit(share: number): void {
    this.#balance = Math.min(this.#capacity, this.#balance + share)
  }

  /** Takes what a hedge costs; `false`, and nothing taken, when there is less. */
  withdraw(cost: number): boolean {
    if (this.#balance < cost) return false
    this.#balance -= cost
    return true
  }

  /** The hedge won, or never went out: it was no waste. */
  giveBack(cost: number): void {
    this.#balance = Math.min(this.#capacity, this.#balance + cost)
  }
}
