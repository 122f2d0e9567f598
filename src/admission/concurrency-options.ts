import { flag, msOrOff, whole } from '../core/rule-kinds.ts'
import type { Rules } from '../core/rules.ts'

/** Lets the calls to an origin take turns: first come, first served, by all views of the client together. */
export interface ConcurrencyOptions {
  /** Calls to one origin at a time; a call counts until its body is over. From 1; default: no limit. */
  readonly calls?: number | undefined
  /**
   * How long a call may wait for its turn; then it fails with `queue_timeout`, and nothing was sent. Milliseconds; default 0
   * (off): only `totalMs` and `beforeCommitMs`, which include the wait, bound it.
   */
  readonly queueMs?: number | undefined
  /**
   * Whether calls begin more slowly while the endpoint says, in `x-ratelimit-*` headers, that little is left for their model:
   * before a 429 comes. Default true; waits are at most 60 s.
   */
  readonly pace?: boolean | undefined
}

export const concurrencyRules = {
  calls: whole(1),
  queueMs: { ...msOrOff, default: 0 },
  pace: { ...flag, default: true },
} as const satisfies Rules<ConcurrencyOptions>
