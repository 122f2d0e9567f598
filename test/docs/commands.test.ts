import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { pagesOfRepository } from './pages.ts'

const root = path.resolve(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8')

it('the README has two commands for a fresh clone, and .ci/run runs the one of the tests', () => {
  const commands = [...read('README.md').matchAll(/^npm ci && (npm (?:run )?[\w:]+)/gm)].map(([, command]) => command)
  expect(commands).toEqual(['npm run demo', 'npm test'])
  expect(read('.ci/run')).toMatch(/^check 'npm ci' npm ci$[\s\S]*^npm test /m)
})

const FOR_CONTRIBUTORS = ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'DECISIONS.md']

it('a page that names a script of the repository says where a clone comes from', () => {
  const pages = pagesOfRepository().filter((page) => !FOR_CONTRIBUTORS.includes(page))
  const lost = pages.filter((page) => {
    const text = read(page)
    return /`npm run |`npx vitest|`DECISIONS\.md`|^npm ci/m.test(text) && !text.includes('CONTRIBUTING.md#run-it)')
  })
  expect(lost).toEqual([])
})
