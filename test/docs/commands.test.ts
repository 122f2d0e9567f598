import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8')

it('the README has two commands for a fresh clone, and .ci/run runs the one of the tests', () => {
  const commands = [...read('README.md').matchAll(/^npm ci && (npm (?:run )?[\w:]+)/gm)].map(([, command]) => command)
  expect(commands).toEqual(['npm run demo', 'npm test'])
  expect(read('.ci/run')).toMatch(/^check 'npm ci' npm ci$[\s\S]*^npm test /m)
})
