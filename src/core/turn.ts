/** Taken at load, so that a test framework's fake timers, installed later, do not stop it. */
const realSetImmediate = setImmediate

/**
 * Resolves in a later turn of the event loop: every promise job and tick that was waiting, and all that they started,
 * has run by then. For clocks of tests; production code waits through its `Clock`.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => realSetImmediate(resolve))
}
