export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

/** Hears what a callback without a result returned all the same: where it is async, its rejection would end the process. */
export function ignoreRejection(returned: unknown): void {
  if (isThenable(returned)) returned.then(undefined, () => {})
}
