import { autoMs, msOrOff } from '../core/rule-kinds.ts'
import type { Rules } from '../core/rules.ts'

/**
 * The `timeouts` of a client. Milliseconds from 0 to 2 147 483 647; `0` turns a deadline off. Each limits one attempt
 * unless it says "call".
 */
export interface TimeoutOptions {
  /** From the start of the connect until the connection is ready: DNS, TCP, TLS and proxy together. Default 10 000. */
  readonly connectMs?: number | undefined
  /** From one progress in writing the request to the next. Default 30 000. */
  readonly sendMs?: number | undefined
  /**
   * From the request being written to the first stream event of any kind; SSE comments do not count. Default `'auto'`:
   * 45 s; more for large inputs (up to 180 s), medium effort (120 s), high effort (300 s) and the flex tier (900 s).
   * After each cut the automatic value is multiplied by 1.6, up to twice the first. A given number is the same on every
   * attempt. Does not apply after the first event, so it never cuts a long generation.
   */
  readonly ttfbMs?: number | 'auto' | undefined
  /**
   * From one byte of any kind to the next. Default `'auto'`: 300 000; 600 000 for high effort; 900 000 for flex. For a
   * passthrough call 300 000, counted from the request where its body says `stream: true`.
   */
  readonly idleMs?: number | 'auto' | undefined
  /** From one model progress to the next; heartbeats do not count. Default 900 000. */
  readonly progressMs?: number | undefined
  /** The whole attempt; for a passthrough call until its headers are handed over. Default 1 800 000. */
  readonly staleMs?: number | undefined
  /** The whole call, including sleeps between attempts. Default 0 (off). */
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
