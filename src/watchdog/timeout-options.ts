import { autoMs, msOrOff } from '../core/rule-kinds.ts'
import type { Rules } from '../core/rules.ts'

/** The `timeouts` of a client. Milliseconds from 0 to 2 147 483 647; `0` turns a deadline off. One attempt unless it says call. */
export interface TimeoutOptions {
  /** Start of connect → connected: DNS, TCP, TLS and proxy together. Default 10 000. */
  readonly connectMs?: number | undefined
  /** Last progress in writing the request → next. Default 30 000. */
  readonly sendMs?: number | undefined
  /**
   * Request written → first stream event of any kind; SSE comments do not count. Default `'auto'`: 45 s, more for large
   * inputs (to 180 s), medium (120 s) and high effort (300 s) and the flex tier (900 s). Each cut multiplies the automatic
   * value by 1.6, to at most twice the first; a number that is given is the same on every attempt. After the first event it
   * no longer applies: long generations are never cut by it.
   */
  readonly ttfbMs?: number | 'auto' | undefined
  /**
   * Last byte of any kind → next. Default `'auto'`: 300 000; 600 000 for high effort; 900 000 for flex. For a call that is
   * no Responses call 300 000, counted from the request on where its body says `stream: true`.
   */
  readonly idleMs?: number | 'auto' | undefined
  /** Last model progress → next; heartbeats do not feed it. Default 900 000. */
  readonly progressMs?: number | undefined
  /** Wall clock of one attempt; for a call that is no Responses call until its headers are handed over. Default 1 800 000. */
  readonly staleMs?: number | undefined
  /** The whole call, sleeps between attempts included. Default 0 (off). */
  readonly totalMs?: number | undefined
}

export const timeoutRules = {
  connectMs: { ...msOrOff, default: 10_000 },
  sendMs: { ...msOrOff, default: 30_000 },
  ttfbMs: { ...autoMs, default: 'auto' },
  idleMs: { ...autoMs, default: 'auto' },
  progressMs: { ...msOrOff, default: 900_000 },
  staleMs: { ...msOrOff, default: 1_800_000 },
  totalMs: { ...msOrOff, default: 0 },
} as const satisfies Rules<TimeoutOptions>
