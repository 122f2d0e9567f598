import type { RetryLane } from '../errors/catalog.ts'

/** How a failure is to be retried: see `classify` of the options. */
export type Classification = RetryLane | 'final'

/** A failure of the endpoint, as `classify` is shown it. */
export interface SeenFailure {
  /**
   * `status`: an HTTP answer with an error status. `event`: a failure that was reported inside a stream, or in a body under a
   * status of success.
   */
  readonly where: 'status' | 'event'
  /** The HTTP status; for `event`, the one that the event names by a numeric code (`400`, `"400"`) or by its `status`, if there is one. */
  readonly status: number | undefined
  /** `error.code` of the endpoint. A number is given as text. */
  readonly code: string | undefined
  /** `error.type` of the endpoint. */
  readonly type: string | undefined
  /** `error.message` of the endpoint, as it came: it may hold what the endpoint was sent. At most 8 192 characters. */
  readonly message: string | undefined
  /** A header of the answer, by its name in any case; `undefined` where there is none. */
  header(name: string): string | undefined
}

/**
 * Says what a gateway's own failures mean: `'connection'` (reconnect at once), `'pushback'` (back off), `'final'` (no retry);
 * `undefined` leaves it to the library. Must return at once: a promise counts as `undefined`.
 */
export type ClassifyHook = (seen: SeenFailure) => Classification | undefined

/** Why an answer of `classify` did not count. */
export type ClassifyProblem = 'threw' | 'invalid_result'

const ANSWERS: ReadonlySet<unknown> = new Set(['connection', 'pushback', 'final', undefined])

/** Asks the hook. Whatever the hook does, the call goes on: a throw and a wrong result count as `undefined` and are told. */
export function askClassify(
  hook: ClassifyHook,
  seen: SeenFailure,
  onProblem: (problem: ClassifyProblem) => void,
): Classification | undefined {
  let answer: unknown
  try {
    answer = hook(seen)
  } catch {
    onProblem('threw')
    return undefined
  }
  if (ANSWERS.has(answer)) return answer as Classification | undefined
  // Of an async function: its rejection is no failure of the process.
  Promise.resolve(answer).catch(() => {})
  onProblem('invalid_result')
  return undefined
}
