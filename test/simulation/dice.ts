import { type Random, seededRandom } from '../../src/testing/index.ts'

/** Chance, from one seed. */
export class Dice {
  readonly random: Random

  constructor(seed: number) {
    this.random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ 0x51ed270b)
  }

  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.random() * (most - least + 1))
  }

  chance(probability: number): boolean {
    return this.random() < probability
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.random() * from.length)] as T
  }

  /** By weight. */
  weighted<T>(from: ReadonlyArray<readonly [weight: number, value: T]>): T {
    let total = 0
    for (const [weight] of from) total += weight
    let left = this.random() * total
    for (const [weight, value] of from) {
      left -= weight
      if (left < 0) return value
    }
    return (from.at(-1) as readonly [number, T])[1]
  }

  /** With `probability`, what `make` gives under `name`; else nothing: for fields that may be absent. */
  maybe<K extends string, V>(probability: number, name: K, make: () => V): { [key in K]?: V } {
    return this.chance(probability) ? ({ [name]: make() } as { [key in K]?: V }) : {}
  }
}
