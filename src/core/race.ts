import type { AbortScope } from './abort.ts'
import type { Clock } from './clock.ts'

/**
 * The only race between a promise and a timer. Rejects with the caller's reason when the scope is aborted, and with
 * `onTimeout()` after `ms`. When it settles, the timer and the watcher are removed.
 */
export function withDeadline<T>(
  promise: PromiseLike<T>,
  options: {
    clock: Clock
    ms: number
    scope?: AbortScope | undefined
    /** What has arrived by then still counts: a timer is late, too, where the process was stopped. */
    afterInput?: true
    onTimeout: () => Error
  },
): Promise<T> {
  const { clock, ms, scope, afterInput, onTimeout } = options
  return new Promise<T>((resolve, reject) => {
    if (scope?.aborted) {
      // The result is not used any more. A rejection must not count as unhandled.
      promise.then(undefined, () => {})
      reject(scope.reason)
      return
    }
    const late = (): void => settle(() => reject(onTimeout()))
    const timer = clock.setTimer(afterInput ? () => clock.afterIO(late) : late, ms)
    const unwatch = scope?.watch((reason) => settle(() => reject(reason)))
    function settle(act: () => void): void {
      clock.clearTimer(timer)
      unwatch?.()
      act()
    }
    promise.then(
      (value) => settle(() => resolve(value)),
      (error) => settle(() => reject(error)),
    )
  })
}

/**
 * Sleeps `ms`. Rejects at once with the caller's reason when the scope is aborted. Keeps the process alive meanwhile.
 */
export function sleep(ms: number, options: { clock: Clock; scope: AbortScope }): Promise<void> {
  const { clock, scope } = options
  return new Promise((resolve, reject) => {
    if (scope.aborted) {
      reject(scope.reason)
      return
    }
    const timer = clock.setTimer(() => {
      unwatch()
      resolve()
    }, ms)
    const unwatch = scope.watch((reason) => {
      clock.clearTimer(timer)
      unwatch()
      reject(reason)
    })
  })
}
