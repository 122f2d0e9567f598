export type Counts = Record<string, number>

export function add(counts: Counts, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1
}

export function count(names: readonly string[]): Counts {
  const counts: Counts = {}
  for (const name of names) add(counts, name)
  return counts
}
