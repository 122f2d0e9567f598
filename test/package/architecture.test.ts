import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
const page = readFileSync(new URL('ARCHITECTURE.md', root), 'utf8')

/** The rows of the table under a heading, without its head. */
function rowsUnder(heading: string): string[] {
  const [, section = ''] = page.split(`## ${heading}\n`)
  return (section.split('\n## ')[0] ?? '')
    .split('\n')
    .filter((line) => /^\| (?!-)/.test(line))
    .slice(1)
}

const changes = rowsUnder('What to change for what')

describe('the table of what to change for what', () => {
  it('has a row for each of the ten changes that are made most', () => {
    const named = changes.map((row) => row.split('|')[1]?.trim())
    expect(named).toEqual(
      expect.arrayContaining([
        'an error',
        'an option',
        'a deadline',
        'a back-off',
        'a fault of the mock server',
        'a transport',
        'a telemetry event',
        'a header of a request',
        'what a code of the endpoint means',
        'a rule of endpoints',
      ]),
    )
  })

  it.each(changes)('names files that exist: %s', (row) => {
    const names = [...row.matchAll(/`([a-z-]+(?:\/[a-z-]+)*\/?)`/g)].map(([, name = '']) => name)
    const paths = names.filter((name) => name.includes('/') || name === 'index')
    expect(paths.length).toBeGreaterThan(0)
    const missing = paths.filter((name) => !existsSync(new URL(`src/${name}${name.endsWith('/') ? '' : '.ts'}`, root)))
    expect(missing).toEqual([])
  })
})
