/**
 * The checks of events, and zod with them: half of the time that importing the package would take. They are loaded by the
 * first typed call whose events are checked, while that call connects. A plain `import()`, so that bundlers see it.
 */
type Checks = typeof import('./validate.ts')

let checks: Checks | undefined
let loading: Promise<Checks> | undefined

/** Checks an event; `undefined` until the checks are loaded. */
export function loadedCheck(): Checks['validateEvent'] | undefined {
  return checks?.validateEvent
}

/** @throws what the import throws: zod is missing, or a bundle without the file of the checks. */
export async function loadChecks(): Promise<Checks['validateEvent']> {
  loading ??= import('./validate.ts')
  checks = await loading
  return checks.validateEvent
}
