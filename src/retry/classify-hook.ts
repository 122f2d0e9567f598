import type { RetryLane } from '../errors/catalog.ts'

/** How a failure is retried: see the option `classify`. */
export type Classification = RetryLane | 'final'

/** A failure of the endpoint, as it is passed to `classify`. */
export interface SeenFailure {
  /**
   * `status`: an HTTP answer with an error status. `event`: a failure reported inside a stream, or in a body with a
   * success status.
   */
  readonly where: 'status' | 'event'
  /**
   * The HTTP status. For `event`, the status that the event names by a numeric code (`400`, `"400"`) or by its
   * `status`.
   */
  readonly status: number | undefined
  /** `error.code` of the endpoint. A number is converted to text. */
  readonly code: string | undefined
  /** `error.type` of the endpoint. */
  readonly type: string | undefined
  /** `error.message` of the endpoint, unchanged: it may echo the request. At most 8 192 characters. */
  readonly message: string | undefined
  /** Returns a header of the answer. The case of the name does not matter. `undefined` if absent. */
  header(name: string): string | undefined
}

/**
 * Says how a gateway's own failures are retried: `'connection'` (reconnect at once), `'pushback'` (back off), `'final'`
 * (no retry), `undefined` (the library decides). Must return at once: a promise counts as `undefined`.
 */
export type ClassifyHook = (seen: SeenFailure) => Classification | undefined

/** Why a result of `classify` was ignored. */
export type ClassifyProblem = 'threw' | 'invalid_result'

const ANSWERS: ReadonlySet<unknown> = new Set(['connection', 'pushback', 'final', undefined])

/** Calls the hook. A throw and a wrong result count as `undefined` and are reported; the call continues. */
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
  // A rejection of an async function must not count as unhandled.
  Promise.resolve(answer).catch(() => {})
  onProblem('invalid_result')
  return undefined
}
