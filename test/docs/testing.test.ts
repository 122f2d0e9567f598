import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import {
  failedStream,
  fake,
  incompleteStream,
  reasoningStream,
  textStream,
  toolCallStream,
} from '../../src/testing/index.ts'
import { invalid } from '../support/typed.ts'

const page = readFileSync(path.resolve(import.meta.dirname, '../../docs/testing.md'), 'utf8')
const wrong = invalid<never>({ wrong: true })

/** Each function, called with a wrong option: its error names those that are accepted. */
const MAKERS: ReadonlyArray<readonly [name: string, make: () => unknown]> = [
  ['textStream', () => textStream(wrong)],
  ['incompleteStream', () => incompleteStream(wrong)],
  ['reasoningStream', () => reasoningStream(wrong)],
  ['toolCallStream', () => toolCallStream(wrong)],
  ['failedStream', () => failedStream(wrong)],
  ['usage', () => textStream({ usage: wrong })],
  ['fake.respond', () => fake.respond([], wrong)],
  ['fake.status', () => fake.status(503, wrong)],
  ['fake.connectError', () => fake.connectError('ECONNREFUSED', wrong)],
]

it.each(MAKERS)('docs/testing.md has every option of %s', (name, make) => {
  let said = ''
  try {
    make()
  } catch (error) {
    said = (error as Error).message
  }
  const accepted = /accepted: (.*)$/.exec(said)?.[1]?.split(', ') ?? []
  expect(accepted.length).toBeGreaterThan(0)
  const list = page.slice(page.indexOf('Their options:'), page.indexOf('## The mock server'))
  const shared = list.slice(0, list.indexOf('- `textStream`'))
  const own = list.slice(list.indexOf(`\`${name}`))
  expect(accepted.filter((option) => !new RegExp(`\\b${option}\\b`).test(shared + own))).toEqual([])
})
