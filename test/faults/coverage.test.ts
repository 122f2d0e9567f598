import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { FAULTS, PROVED_ELSEWHERE } from './catalog.ts'

const here = new URL('./', import.meta.url)
const root = new URL('../../', here)
const SOURCES = readdirSync(here).filter((name) => name.endsWith('.test.ts') && name !== 'coverage.test.ts')

/** The titles of tests, as they are written: the first argument of what makes a test, or a table of them. */
function titlesIn(file: URL): string[] {
  const text = readFileSync(file, 'utf8')
  const calls = text.matchAll(/(?:\b(?:fault|describe|it|test)|\))\(\s*(['"`])((?:\\.|(?!\1)[\s\S])*)\1/g)
  return [...calls].map(([, , title = '']) => title)
}

const titles = SOURCES.flatMap((name) => titlesIn(new URL(name, here)))
const numbers = new Set(titles.flatMap((title) => /^(\d+b?): /.exec(title)?.[1] ?? []))
const elsewhere = new Set(PROVED_ELSEWHERE.map(([row]) => row))

describe('the faults that the library must survive', () => {
  it.each(Object.entries(FAULTS))('%s has a test: $title', (number) => {
    expect(numbers.has(number) || elsewhere.has(number)).toBe(true)
  })

  it('are all that tests are named after', () => {
    expect([...numbers].filter((number) => !(number in FAULTS))).toEqual([])
    expect([...elsewhere].filter((number) => !(number in FAULTS))).toEqual([])
  })

  it.each(PROVED_ELSEWHERE)('%s is proved in %s: %s', (_row, file, words) => {
    expect(titlesIn(new URL(file, root)).filter((title) => title.includes(words))).not.toEqual([])
  })

  it('are tested by tests that run', () => {
    for (const name of SOURCES) {
      expect(readFileSync(new URL(name, here), 'utf8')).not.toMatch(
        /\b(?:it|fault|describe|test)\.(?:skip|todo|only)\b/,
      )
    }
  })
})
