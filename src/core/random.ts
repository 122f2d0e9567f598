/**
 * Returns a number in [0, 1), like `Math.random`. Injected, so that jitter and simulations can be repeated from a seed.
 */
export type Random = () => number

export const systemRandom: Random = () => Math.random()

/**
 * A repeatable sequence in [0, 1) from a 32-bit seed (mulberry32). For tests and simulations, not for secrets.
 *
 * @param seed any number. Only its low 32 bits count.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
