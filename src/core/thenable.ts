export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

/** Ignores what a callback without a result returned. If it is async, its rejection would otherwise end the process. */
export function ignoreRejection(returned: unknown): void {
  if (isThenable(returned)) returned.then(undefined, () => {})
}
