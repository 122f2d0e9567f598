/** When the event loop was blocked. */
export class Stalls {
  readonly #stalls: { readonly at: number; readonly ms: number }[] = []

  get count(): number {
    return this.#stalls.length
  }

  add(at: number, ms: number): void {
    this.#stalls.push({ at, ms })
  }

  /** How much time was lost to it since then. */
  since(at: number): number {
    let lost = 0
    for (const stall of this.#stalls) if (stall.at + stall.ms >= at) lost += stall.ms
    return lost
  }
}
