import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'

const src = path.resolve(import.meta.dirname, '../../src')
const MOST_LINES = 300

/** Longer files, with the reason: each holds one idea that no cut makes easier to read. */
const LONGER: Readonly<Record<string, string>> = {
  'telemetry/events.ts': 'one list: the types of all events, which a reader wants on one page',
}

it(`no source file has more than ${MOST_LINES} lines`, () => {
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  const longer = files.filter(
    (name) => readFileSync(path.join(src, name), 'utf8').trimEnd().split('\n').length > MOST_LINES,
  )
  expect(longer).toEqual(Object.keys(LONGER))
})
