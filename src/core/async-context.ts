import { AsyncLocalStorage } from 'node:async_hooks'

/** Runs a function in the asynchronous context of the moment when this was made: what `AsyncLocalStorage` holds is there. */
export type InContext = <T>(act: () => T) => T

/**
 * Timers and sockets run what they call in the context of whoever made them, and a socket may have been made for another
 * tenant: what a caller's function is to see is kept from the beginning of the call.
 */
export function captureContext(): InContext {
  return AsyncLocalStorage.snapshot() as InContext
}
