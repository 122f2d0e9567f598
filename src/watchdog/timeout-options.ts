import { autoMs, msOrOff } from '../core/rule-kinds.ts'
import type { Rules } from '../core/rules.ts'

/**
 * The `timeouts` of a client. Milliseconds from 0 to 2 147 483 647; `0` turns a deadline off. Each limits one attempt
 * unless it says "call".
 */
export interface TimeoutOptions {
  /** From the start of the connect until the connection is ready: DNS, TCP, TLS and proxy together. Default 10 000. */
  readonly connectMs?: number | undefined
  /** From some bytes of the request being written until more are. Default 30 000. */
  readonly sendMs?: number | undefined
  /**
   * From the end of the request to the first event of the stream. SSE comments do not count. Default `'auto'`: 45 s; more for
   * large inputs (up to 180 s), medium effort (120 s), high effort (300 s) and the flex tier (900 s). After a cut the next
   * attempt gets 1.6 times as long, and later ones twice as long as the first. A number is the same for every attempt. Does not
   * apply after the first event, so it never cuts a long generation.
   */
  readonly ttfbMs?: number | 'auto' | undefined
  /**
   * From one byte of the answer to the next. Default `'auto'`: 300 000; 600 000 at high effort; 900 000 on the flex tier. For
   * a call to another API 300 000; if its body says `stream: true`, it counts from the end of the request.
   */
  readonly idleMs?: number | 'auto' | undefined
  /** From one output of the model, or sign of a working tool, to the next. Heartbeats do not count. Default 900 000. */
  readonly progressMs?: number | undefined
  /** One whole attempt; for a call to another API until its headers have come. Default 1 800 000. */
  readonly staleMs?: number | undefined
  /** The whole call: all attempts, and the waits between them. Default 0 (off). */
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
