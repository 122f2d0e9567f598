/** The last hour, in six parts. */
const PARTS = 6
const PART_MS = 10 * 60_000

/** Counts events within the last hour, exact to ten minutes. */
export class RecentCount {
  readonly #parts: Array<{ epoch: number; count: number } | undefined> = []

  add(now: number): void {
    const epoch = Math.floor(now / PART_MS)
    const part = this.#parts[epoch % PARTS]
    if (part?.epoch === epoch) part.count++
    else this.#parts[epoch % PARTS] = { epoch, count: 1 }
  }

  total(now: number): number {
    const epoch = Math.floor(now / PART_MS)
    let total = 0
    for (const part of this.#parts) if (part !== undefined && part.epoch > epoch - PARTS) total += part.count
    return total
  }
}
