import { Lazy } from '../../core/lazy.ts'
import type { validateEvent } from './validate.ts'

/**
 * The checks of events, and zod with them: half of the time that importing the package would take. They are loaded by the
 * first typed call whose events are checked.
 */
const checks = new Lazy<typeof validateEvent>(async () => (await import('./validate.ts')).validateEvent)

/** Checks an event; `undefined` until the checks are loaded. */
export function loadedCheck(): typeof validateEvent | undefined {
  return checks.loaded
}

/** @throws what the import throws: zod is missing, or a bundle without the file of the checks. */
export function loadChecks(): Promise<typeof validateEvent> {
  return checks.load()
}
