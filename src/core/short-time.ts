/** A duration in a sentence: `300 ms`, `4.2 s`, `45 s`. */
export function shortTime(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 100) / 10} s`
}
