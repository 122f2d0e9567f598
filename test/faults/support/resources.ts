import { expect } from 'vitest'
import { nextTurn } from '../../../src/core/turn.ts'

const RESOURCES = /^(?:Timeout|TCP|TLS|GetAddrInfo|Zlib)/

/** What keeps the process alive, by kind. Other kinds belong to the test runner. */
export function activeResources(): string {
  return process
    .getActiveResourcesInfo()
    .filter((name) => RESOURCES.test(name))
    .sort()
    .join()
}

/** The runner's own timers come and go: theirs is a matter of turns. */
export async function resourcesBackTo(before: string): Promise<void> {
  let now = activeResources()
  for (let turn = 0; turn < 5000 && !isWithin(now, before); turn++) {
    await nextTurn()
    now = activeResources()
  }
  expect(isWithin(now, before) ? before : now).toBe(before)
}

/** Whether everything in `now` was there before; something of the runner's may have gone meanwhile. */
function isWithin(now: string, before: string): boolean {
  const left = before.split(',')
  return now.split(',').every((name) => {
    const at = left.indexOf(name)
    if (at >= 0) left.splice(at, 1)
    return at >= 0 || name === ''
  })
}
