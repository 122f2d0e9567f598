import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { pagesOfRepository } from './pages.ts'

const root = path.resolve(import.meta.dirname, '../..')
const examples = readdirSync(path.join(root, 'examples'))
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `examples/${name}`)
const files = [...pagesOfRepository(), ...examples, 'src/client/resilient-client.ts']

it('wherever the openai SDK gets client.fetch, its retries are off and its timeout is longer than its default', () => {
  const made = files.flatMap((file) =>
    [...readFileSync(path.join(root, file), 'utf8').matchAll(/new OpenAI\(\{[^}]*fetch: client\.fetch[^}]*\}\)/g)].map(
      ([code]) => `${file}: ${code}`,
    ),
  )
  expect(made.length).toBeGreaterThan(6)
  expect(made.filter((each) => !/maxRetries: 0, timeout: 3_600_000/.test(each))).toEqual([])
})
