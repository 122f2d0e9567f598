import { AsyncResource } from 'node:async_hooks'

/** Runs a function in the `AsyncLocalStorage` context that was captured. */
export type InContext = <T>(act: () => T) => T

/**
 * Captures the context at the start of a call. Timers and sockets run callbacks in the context of their creator, and a
 * socket may have been created for another tenant.
 */
export function captureContext(): InContext {
  // What `AsyncLocalStorage.snapshot()` does, for a tenth of its time: that one also defines properties of a function.
  const resource = new AsyncResource('resilient-responses')
  return (act) => resource.runInAsyncScope(act)
}
