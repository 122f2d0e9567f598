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
 * After a failure to connect: the first reconnect at once, then 250 ms · 2ⁿ up to 5 s, where n is the number of connect
 * failures so far, less up to a quarter of jitter. With 4 retries that rides out an endpoint that is back within 5 s.
 */
export function connectDelay(connectFailures: number, random: Random): number {
  if (connectFailures <= 1) return 0
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
