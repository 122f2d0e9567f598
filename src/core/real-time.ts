/** Saved at load, so that fake timers installed later do not replace it. */
const realSetTimeout = setTimeout

/** Calls `callback` once after `ms` of real time, whatever clock a test uses. Does not keep the process alive. */
export function afterRealMs(ms: number, callback: () => void): void {
  const timer = realSetTimeout(callback, ms)
  // Fake timers that were installed before the load may return a number, which has no `unref`.
  if (typeof timer === 'object') timer.unref()
}
