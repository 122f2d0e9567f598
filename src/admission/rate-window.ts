import { DURATION, durationMs } from '../core/duration.ts'
import type { HeaderPairs } from '../transport/transport.ts'

/** What an endpoint said about one of its limits, and when. */
export interface RateWindow {
  readonly limit: number
  readonly remaining: number
  /** Milliseconds from `at` until `remaining` is `limit` again. */
  readonly resetMs: number
  readonly at: number
}

export type RateKind = 'requests' | 'tokens'

/** Reads `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`. `undefined` if one is missing or unusable. */
export function readRateWindow(headers: HeaderPairs, kind: RateKind, now: number): RateWindow | undefined {
  const header = (name: string): string | undefined =>
    headers.find(([candidate]) => candidate === `x-ratelimit-${name}-${kind}`)?.[1]
  const limit = amount(header('limit'))
  const remaining = amount(header('remaining'))
  const resetMs = reset(header('reset'))
  if (limit === undefined || remaining === undefined || resetMs === undefined) return undefined
  return { limit, remaining, resetMs, at: now }
}

function amount(value: string | undefined): number | undefined {
  return value !== undefined && /^\s*\d+\s*$/.test(value) ? Number(value) : undefined
}

const WHOLE_DURATION = new RegExp(`^\\s*${DURATION.source}$`, 'i')

/** `6m0s`, `20ms`, or a plain number of seconds. */
function reset(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (/^\s*\d+(?:\.\d+)?\s*$/.test(value)) return Number(value) * 1000
  return WHOLE_DURATION.test(value) ? durationMs(value) : undefined
}

/**
 * How long a request of this cost should wait so that the endpoint does not refuse it. Assumes that the limit refills
 * evenly until the reset. Pure.
 *
 * @param pending cost of requests that were sent but not answered, which the endpoint may not have counted.
 */
export function waitFor(window: RateWindow, cost: number, pending: number, now: number): number {
  const { limit, remaining, resetMs, at } = window
  const untilResetMs = at + resetMs - now
  if (untilResetMs <= 0) return 0
  const spent = Math.max(0, limit - remaining)
  const perMs = (spent > 0 ? spent : limit) / resetMs
  // A cost above the whole limit would wait forever: it starts when the whole limit is available.
  const missing = Math.min(cost, limit) + pending - (remaining + (now - at) * perMs)
  if (missing <= 0) return 0
  return Math.min(Math.ceil(missing / perMs), Math.ceil(untilResetMs))
}
