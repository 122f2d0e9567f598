/** The value that this share of the values does not exceed (nearest rank). `undefined` of no values. */
export function percentile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.min(sorted.length, Math.max(1, Math.ceil(sorted.length * share))) - 1]
}

export function ascending(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b)
}

export interface Bin {
  /** Milliseconds, inclusive. */
  readonly from: number
  /** Milliseconds, exclusive. */
  readonly to: number
  readonly count: number
}

const BINS_PER_DECADE = 8
const LEAST_BINS = 8

/** Counts values in bins whose bounds grow by the same factor, without gaps. Values below 1 ms count as 1 ms. */
export function histogram(values: readonly number[]): Bin[] {
  if (values.length === 0) return []
  const places = values.map((value) => Math.floor(Math.log10(Math.max(1, value)) * BINS_PER_DECADE + 1e-9))
  // A loop: so many arguments would not fit the stack.
  let first = places[0] as number
  let last = first
  for (const place of places) {
    if (place < first) first = place
    if (place > last) last = place
  }
  const missing = LEAST_BINS - (last - first + 1)
  if (missing > 0) {
    first = Math.max(0, first - Math.floor(missing / 2))
    last = Math.max(last, first + LEAST_BINS - 1)
  }
  const counts = new Array<number>(last - first + 1).fill(0)
  for (const place of places) counts[place - first] = (counts[place - first] as number) + 1
  const bound = (place: number): number => 10 ** (place / BINS_PER_DECADE)
  return counts.map((count, index) => ({ from: bound(first + index), to: bound(first + index + 1), count }))
}

/** `850 ms`, `4.2 s`, `12 s`, `3 min 5 s`, `2 h 5 min`: at most two parts. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
