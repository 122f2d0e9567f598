import { expect, it } from 'vitest'
import { safeWords } from '../../src/call/safe-words.ts'

const given = [
  ['authorization', 'Bearer hunter2hunter2'],
  ['x-gateway-model', 'gpt-5.2'],
] as const

it.each([
  ['gpt-5.2', 'gpt-5.2'],
  ['openai/gpt-5.2:free@x', 'openai/gpt-5.2:free@x'],
  ['', ''],
  ['sk-proj-abcdef123456', '[redacted]'],
  ['Bearer abcdef', 'Bearer [redacted]'],
  ['hunter2hunter2', '[redacted]'],
  ['a/hunter2hunter2', 'a/[redacted]'],
  ['\u001b[2J\u202eflex\n', '[2J flex'],
  ['a b'.repeat(5000), `${'a b'.repeat(33)}…`],
])('a word of a request holds no key, credential or control character: %j', (word, expected) => {
  expect(safeWords(given)(word)).toBe(expected)
})
