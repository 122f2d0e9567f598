import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { BUGS, COPIED } from '../../scripts/simulate-bugs-list.ts'

const root = path.resolve(import.meta.dirname, '../..')

it.each(BUGS.map(({ name, edits }) => [name, edits] as const))(
  '`npm run simulate:bugs` finds the place of: %s',
  (_name, edits) => {
    for (const { file, find } of edits) expect(readFileSync(path.join(root, file), 'utf8').split(find)).toHaveLength(2)
  },
)

it('the files that `npm run simulate:bugs` copies import no other file', () => {
  const copied = COPIED.flatMap((part) => {
    if (statSync(path.join(root, part)).isFile()) return [part as string]
    const files = readdirSync(path.join(root, part), { recursive: true, encoding: 'utf8' })
    return files.map((file) => path.join(part, file))
  })
  const simulates = copied.filter((file) => /^(?:src|test)\/.*\.ts$/.test(file) && !file.endsWith('.test.ts'))
  const missing = simulates.flatMap((file) =>
    [...readFileSync(path.join(root, file), 'utf8').matchAll(/(?:from|import) '(\.[^']+)'/g)]
      .map(([, to = '']) => path.join(path.dirname(file), to))
      .filter((to) => !copied.includes(to))
      .map((to) => `${file} imports ${to}`),
  )
  expect(simulates.length).toBeGreaterThan(100)
  expect(missing).toEqual([])
})
