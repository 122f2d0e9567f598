import type { Random } from '../core/random.ts'

/** Jitter of a plain reconnect: enough that 200 streams cut together do not reconnect in one burst. */
export const RECONNECT_JITTER_MS = 200

const CONNECT_BASE_MS = 250
const CONNECT_CAP_MS = 5000

/** After an established connection died: reconnect at once, spread over 0–200 ms. */
export function reconnectDelay(random: Random): number {
  return Math.floor(random() * RECONNECT_JITTER_MS)
}

/**
 * After a failure to connect: the first reconnect within 200 ms, then 250 ms · 2ⁿ up to 5 s, less up to a quarter of
 * jitter, where n is the number of connect failures so far. Four such reconnects take 5.25 s at least, so a call outlasts
 * an endpoint that is away for 5 s.
 */
export function connectDelay(connectFailures: number, random: Random): number {
  if (connectFailures <= 1) return reconnectDelay(random)
  const full = Math.min(CONNECT_CAP_MS, CONNECT_BASE_MS * 2 ** connectFailures)
  return Math.floor(full * (1 - random() / 4))
}

/**
 * After the endpoint said "not now": full jitter on baseDelayMs · 2ⁿ, capped.
 * @param earlier pushbacks of this call before this one.
 */
export function pushbackDelay(
  earlier: number,
  policy: { baseDelayMs: number; maxDelayMs: number },
  random: Random,
): number {
  const full = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** Math.min(earlier, 30))
  return Math.floor(full * random())
}

/** The jitter that is added to a hint: a tenth of it, between these two. */
const LEAST_HINT_JITTER_MS = 250
const MOST_HINT_JITTER_MS = 5000

/**
 * After the endpoint said how long to wait: that long, and jitter on top, because all calls of all processes were told
 * the same. The jitter takes no more than the time that is left.
 *
 * @param hintMs above 0.
 * @param remainingMs more than `hintMs`.
 */
export function hintDelay(hintMs: number, remainingMs: number, random: Random): number {
  const jitterMs = Math.min(MOST_HINT_JITTER_MS, Math.max(LEAST_HINT_JITTER_MS, hintMs / 10))
  return hintMs + Math.floor(random() * Math.min(jitterMs, remainingMs - hintMs))
}
