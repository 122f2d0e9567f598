/**
 * Limits the waste of hedging: each call pays a share in, each hedge takes 1, and a hedge that wins pays it back. In
 * the long run the share of lost hedges stays below that share of calls, and hedging stops in an outage.
 */
export class HedgeBudget {
  readonly #capacity: number
  #balance: number

  /**
   * @param initial hedges that may lose before any call was made.
   * @param capacity maximum balance.
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

  /** Takes the cost of a hedge. Returns `false` and takes nothing when the balance is lower. */
  withdraw(cost: number): boolean {
    if (this.#balance < cost) return false
    this.#balance -= cost
    return true
  }

  /** The hedge won or was never sent, so it cost nothing. */
  giveBack(cost: number): void {
    this.#balance = Math.min(this.#capacity, this.#balance + cost)
  }
}
