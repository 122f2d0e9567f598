import { Part } from '../../errors/part.ts'
import type { validateEvent } from './validate.ts'

/**
 * The checks of events, including zod, which would double the import time of the package. Loaded by the first typed
 * call whose events are checked, while that call connects. A plain `import()`, so that bundlers see it.
 */
const checks = new Part<typeof validateEvent>(async () => (await import('./validate.ts')).validateEvent)

/** Checks an event. `undefined` until the checks are loaded. */
export function loadedCheck(): typeof validateEvent | undefined {
  return checks.loaded
}

/** @throws RequestError `part_not_loaded`: zod is missing, or a bundle lacks the file of the checks. */
export function loadChecks(): Promise<typeof validateEvent> {
  return checks.load()
}
