import type { Random } from '../core/random.ts'

/** Jitter of a reconnect: 200 streams cut at once must not reconnect in one burst. */
export const RECONNECT_JITTER_MS = 200

const CONNECT_BASE_MS = 250
const CONNECT_CAP_MS = 5000

/** Delay after an established connection died: random, 0–200 ms. */
export function reconnectDelay(random: Random): number {
  return Math.floor(random() * RECONNECT_JITTER_MS)
}

/**
 * Delay after a failure to connect: up to 200 ms for the first, then 250 ms · 2ⁿ up to 5 s, minus up to a quarter of
 * jitter, where n is the number of connect failures so far. Four such delays take at least 5.25 s, so a call outlasts
 * an endpoint that is away for 5 s.
 */
export function connectDelay(connectFailures: number, random: Random): number {
  if (connectFailures <= 1) return reconnectDelay(random)
  const full = Math.min(CONNECT_CAP_MS, CONNECT_BASE_MS * 2 ** connectFailures)
  return Math.floor(full * (1 - random() / 4))
}

/**
 * Delay after a pushback: full jitter on baseDelayMs · 2ⁿ, with a maximum.
 * @param earlier earlier pushbacks of this call.
 */
export function pushbackDelay(
  earlier: number,
  policy: { baseDelayMs: number; maxDelayMs: number },
  random: Random,
): number {
  const full = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** Math.min(earlier, 30))
  return Math.floor(full * random())
}

/** The jitter added to a hint: a tenth of the hint, within these bounds. */
const LEAST_HINT_JITTER_MS = 250
const MOST_HINT_JITTER_MS = 5000

/**
 * Delay after a hint: the hint plus jitter, because all calls of all processes were given the same hint. The jitter
 * stays within the remaining time.
 *
 * @param hintMs above 0.
 * @param remainingMs more than `hintMs`.
 */
export function hintDelay(hintMs: number, remainingMs: number, random: Random): number {
  const jitterMs = Math.min(MOST_HINT_JITTER_MS, Math.max(LEAST_HINT_JITTER_MS, hintMs / 10))
  return hintMs + Math.floor(random() * Math.min(jitterMs, remainingMs - hintMs))
}
