import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '../..')
const read = (name: string): string => readFileSync(path.join(root, name), 'utf8')
const versionOf = (folder: string): string =>
  (JSON.parse(read(`node_modules/${folder}/package.json`)) as { version: string }).version

it.each([
  ['openai', ['openai-7.5.0', 'openai']],
  ['ai', ['ai-7.0.77', 'ai']],
  ['@ai-sdk/openai', ['ai-sdk-openai-4.0.46', '@ai-sdk/openai']],
  ['@openai/agents', ['@openai/agents']],
] as const)('README.md names the versions of %s that the tests run with', (name, folders) => {
  const said = `${name} ${folders.map(versionOf).join(' and ')}`
  expect(read('README.md').replaceAll(/\s+/g, ' ')).toMatch(new RegExp(`[ ,]${said.replaceAll('.', '\\.')}[,.]`))
})
