import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { titlesIn } from '../support/titles.ts'
import { CHAPTERS } from './table/index.ts'

const here = new URL('./', import.meta.url)
const root = new URL('../../', here)
const from = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, n) => String(first + n))
/** The numbers of the list, none left out. */
const NUMBERS = [...from(1, 73), '27b', ...from(75, 96), ...from(107, 108)].sort()

const rows = Object.values(CHAPTERS).flatMap((chapter) => Object.entries(chapter))
const elsewhere = rows.flatMap(([number, { elsewhere = [] }]) => elsewhere.map((place) => [number, ...place] as const))

describe('the faults that the library must survive', () => {
  it('are all in the table, each once', () => {
    expect(rows.map(([number]) => number).sort()).toEqual(NUMBERS)
  })

  it.each(rows)('%s has a case, or a test elsewhere: $title', (_number, { cases, elsewhere = [] }) => {
    expect(cases.length + elsewhere.length).toBeGreaterThan(0)
  })

  it.each(rows)('%s has cases that can be told apart', (_number, { cases }) => {
    const names = cases.map(({ what = '', only }) => `${what} ${only?.on ?? ''}`)
    expect(new Set(names).size).toBe(names.length)
  })

  it.each(Object.entries(CHAPTERS))('%s is played over sockets, in a file with its name', (name, chapter) => {
    const onSockets = Object.values(chapter).flatMap(({ cases }) => cases.filter(({ only }) => only?.on !== 'fakes'))
    const file = new URL(`${name}.test.ts`, here)
    expect(existsSync(file)).toBe(onSockets.length > 0)
    if (onSockets.length > 0) expect(readFileSync(file, 'utf8')).toContain(`./table/${name}.ts`)
  })

  it.each(elsewhere)('%s is shown in %s: %s', (_number, file, words) => {
    expect(titlesIn(readFileSync(new URL(file, root), 'utf8')).filter((title) => title.includes(words))).not.toEqual([])
  })

  it('are in no file of tests that leaves some out', () => {
    for (const name of readdirSync(here).filter((name) => name.endsWith('.test.ts') && name !== 'coverage.test.ts')) {
      expect(readFileSync(new URL(name, here), 'utf8')).not.toMatch(/\b(?:it|describe|test)\.(?:skip|todo|only)\b/)
    }
  })
})
