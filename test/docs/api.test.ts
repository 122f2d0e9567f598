import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, inject, it } from 'vitest'

const run = promisify(execFile)
const root = path.resolve(import.meta.dirname, '../..')

function pagesIn(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'))
  return Object.fromEntries(names.sort().map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]))
}

it('docs/api has a page for each entry of the package', () => {
  const { exports: entries } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, unknown>
  }
  const expected = Object.keys(entries)
    .filter((name) => name !== './package.json')
    .map((name) => (name === '.' ? 'index.md' : `${name.slice(2)}.md`))
  expect(Object.keys(pagesIn(path.join(root, 'docs/api')))).toEqual(['README.md', ...expected].sort())
})

it.runIf(inject('full'))(
  'docs/api is made of the docstrings of today (`npm run api:docs` writes it)',
  { timeout: 300_000 },
  async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'api-docs-'))
    try {
      await run(process.execPath, ['node_modules/typedoc/bin/typedoc', '--out', folder], { cwd: root })
      expect(pagesIn(folder)).toEqual(pagesIn(path.join(root, 'docs/api')))
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
)
