import type { Clock } from '../core/clock.ts'

/** Milliseconds. */
const EVERY_MS = 500

/**
 * Calls `onGone` once the process that started this one has ended. `npx` does not pass signals on: after `kill` of an `npx`
 * the command would live on, and keep its port.
 *
 * @param first the parent at the start of this process.
 * @returns ends the watch.
 */
export function watchParent(clock: Clock, parent: () => number, onGone: () => void, first = parent()): () => void {
  let timer: unknown
  const look = (): void => {
    if (parent() === first) timer = clock.setTimer(look, EVERY_MS, { unref: true })
    else onGone()
  }
  look()
  return () => clock.clearTimer(timer)
}
