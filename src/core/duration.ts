const UNIT_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

const UNITS = 'milliseconds?|millis|msecs?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d'

/** A sequence of amounts with units: `11.054s`, `6m0s`, `500ms`, `1h2m3s`, or `20 seconds`. */
export const DURATION = new RegExp(`(?:\\d+(?:\\.\\d+)?\\s*(?:${UNITS})(?![a-z])\\s*)+`)

/** Milliseconds of a text that `DURATION` matches. `Infinity` where the digits exceed a number. */
export function durationMs(text: string): number {
  let total = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/gi)) {
    const short = /^(?:ms|milli)/i.test(unit ?? '') ? 'ms' : (unit ?? '').charAt(0).toLowerCase()
    total += Number(amount) * (UNIT_MS[short] ?? 0)
  }
  return total
}
