const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

/** Amounts with their units, one after the other: `11.054s`, `6m0s`, `500ms`, `1h2m3s`, and the long `20 seconds`. */
export const DURATION = /(?:\d+(?:\.\d+)?\s*(?:milliseconds?|seconds?|minutes?|hours?|ms|s|m|h)\s*)+/

/** Milliseconds of a text that `DURATION` matches. */
export function durationMs(text: string): number {
  let total = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)\s*(milliseconds?|ms|[a-z]+)/gi)) {
    const short = /^(?:ms|milli)/i.test(unit ?? '') ? 'ms' : (unit ?? '').charAt(0).toLowerCase()
    total += Number(amount) * (UNIT_MS[short] ?? 0)
  }
  return total
}
