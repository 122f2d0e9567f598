import type { Violation } from './check/violations.ts'
import type { Counts } from './report.ts'
import { runSeed } from './run-seed.ts'

/** So many worlds share each turn of the event loop, which costs more than most of them. */
const ABREAST = 16

export interface Failed {
  readonly seed: number
  readonly violation: Violation
}

export interface Sum {
  seeds: number
  calls: number
  attempts: number
  virtualMs: number
  readonly met: Record<string, number>
  readonly outcomes: Record<string, number>
  readonly failed: Failed[]
}

export function emptySum(): Sum {
  return { seeds: 0, calls: 0, attempts: 0, virtualMs: 0, met: {}, outcomes: {}, failed: [] }
}

/** Runs the seeds `from` to `to`, the last not included, side by side. Ends early at the first violation if that is wanted. */
export async function runSeeds(
  from: number,
  to: number,
  options: { readonly stopAtFirst?: boolean; readonly sockets?: boolean } = {},
): Promise<Sum> {
  const sum = emptySum()
  let next = from
  const lane = async (): Promise<void> => {
    while (next < to && !(options.stopAtFirst && sum.failed.length > 0)) {
      const seed = next++
      const { violations, counts } = await runSeed(seed, options.sockets)
      sum.seeds++
      addCounts(sum, counts)
      const [violation] = violations
      if (violation !== undefined) sum.failed.push({ seed, violation })
    }
  }
  await Promise.all(Array.from({ length: ABREAST }, lane))
  sum.failed.sort((a, b) => a.seed - b.seed)
  return sum
}

export function addSum(into: Sum, sum: Sum): void {
  into.seeds += sum.seeds
  addCounts(into, sum)
  into.failed.push(...sum.failed)
}

function addCounts(into: Sum, counts: Counts): void {
  into.calls += counts.calls
  into.attempts += counts.attempts
  into.virtualMs += counts.virtualMs
  addTo(into.met, counts.met)
  addTo(into.outcomes, counts.outcomes)
}

function addTo(into: Record<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) into[name] = (into[name] ?? 0) + count
}
