/** Saved at load, so that fake timers installed later do not replace it. */
const realSetImmediate = setImmediate

/**
 * Resolves in a later turn of the event loop. By then all pending promise jobs and ticks, and those that they started,
 * have run. It is no wait for time, so a test clock need not be advanced for it. What waits for time does so through its
 * `Clock`.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => realSetImmediate(resolve))
}
