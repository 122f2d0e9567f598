import { flag, msOrOff, whole } from '../core/rule-kinds.ts'
import type { Rules } from '../core/rules.ts'

/** Limits the calls to an origin. First come, first served, over all views of the client together. */
export interface ConcurrencyOptions {
  /**
   * Concurrent calls to one origin. A call counts until its body ends. From 1; default: no limit. With the option `fleet` it is the
   * limit of all processes together for each account, and each process gets a fair part of it.
   */
  readonly calls?: number | undefined
  /**
   * With the option `fleet` only: concurrent calls of this process while the store of the fleet does not answer. From 1 to `calls`.
   * Default: as many as it had last, or an equal share of `calls` if that is more. If the store has never answered: `calls`.
   */
  readonly callsAlone?: number | undefined
  /**
   * How long a call may wait to begin. After that it fails with `queue_timeout`, and nothing was sent. Milliseconds;
   * default 0 (off): only `totalMs` and `beforeCommitMs` apply, which include the wait.
   */
  readonly queueMs?: number | undefined
  /**
   * Whether calls wait when the `x-ratelimit-*` headers say that little is left for their model, so that no 429 comes. A wait takes
   * at most 60 s. Default `true`, but only if the option `concurrency` is given.
   */
  readonly pace?: boolean | undefined
}

export const concurrencyRules = {
  calls: whole(1),
  callsAlone: whole(1),
  queueMs: { ...msOrOff, default: 0 },
  pace: { ...flag, default: true },
} as const satisfies Rules<ConcurrencyOptions>
