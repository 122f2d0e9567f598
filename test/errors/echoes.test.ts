import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { textsOf, withoutEchoes } from '../../src/errors/echoes.ts'

const PROMPT = 'Please summarise the diary of Mr. Smith, who lives in Springfield with two cats and a very old parrot.'
const shown = (words: string, body: unknown): string => withoutEchoes(words, textsOf(JSON.stringify(body)))

describe('what an endpoint echoes of a body is taken out', () => {
  it.each([
    ['whole', `Invalid value: '${PROMPT}'.`, "Invalid value: '[redacted]'."],
    ['twice', `${PROMPT}|${PROMPT}`, '[redacted]|[redacted]'],
    ['cut, with an ellipsis', `bad: ${PROMPT.slice(0, 18)}…`, 'bad: [redacted]…'],
    ['cut, at the end', `bad: ${PROMPT.slice(0, 30)}`, 'bad: [redacted]'],
    ['a piece of its middle', `near "${PROMPT.slice(21, 70)}" of`, 'near "[redacted]" of'],
    ['in capitals', `bad: ${PROMPT.toUpperCase()}`, 'bad: [redacted]'],
    ['in a URL', `at /x?q=${encodeURIComponent(PROMPT)}`, 'at /x?q=[redacted]'],
    ['in JSON', `bad: {"input":${JSON.stringify(`${PROMPT}\n${PROMPT}`)}}`, 'bad: {"input":"[redacted]"}'],
  ])('%s', (_how, words, expected) => {
    const input = words.includes('\\n') ? `${PROMPT}\n${PROMPT}` : PROMPT
    expect(shown(words, { model: 'gpt-5.2', input })).toBe(expected)
  })

  it.each([
    ['input', { input: PROMPT }],
    ['a message', { input: [{ role: 'user', content: [{ type: 'input_text', text: PROMPT }] }] }],
    ['instructions', { instructions: PROMPT }],
    ['the description of a tool', { tools: [{ type: 'function', name: 'f', description: PROMPT }] }],
    ['metadata', { metadata: { customer: PROMPT } }],
    ['a credential of a tool', { tools: [{ type: 'mcp', authorization: PROMPT }] }],
    ['messages of another API', { messages: [{ role: 'user', content: PROMPT }] }],
  ])('of %s', (_where, body) => {
    expect(shown(`Invalid value: '${PROMPT}'.`, body)).toBe("Invalid value: '[redacted]'.")
  })

  it('wherever it stands, and whatever is around it', () => {
    const text = fc.string({ minLength: 16, maxLength: 60, unit: fc.constantFrom(...'abcdefgh .,"\\äß\n') })
    fc.assert(
      fc.property(text, fc.array(text), fc.string({ maxLength: 40 }), (echoed, others, around) => {
        fc.pre(echoed.trim().length >= 16)
        const body = { input: [...others, echoed, ...others] }
        const words = shown(`${around}'${echoed.trim()}'${around}`, body)
        expect(words).not.toContain(echoed.trim())
        expect(words).toContain('[redacted]')
      }),
    )
  })
})

describe('what is not echoed stays', () => {
  const body = {
    model: 'gpt-5.2-codex-max-2026-01-01',
    instructions:
      'You are a coding agent. Follow the instructions of the user, and answer in the language of the request.',
    input: [
      {
        type: 'message',
        role: 'user',
        content: [{ type: 'input_text', text: 'Why does the parameter of this request fail?' }],
      },
      {
        type: 'function_call',
        id: 'fc_0123456789abcdef',
        call_id: 'call_0123456789abcdef',
        name: 'get_current_weather',
        arguments: '{}',
      },
    ],
    tools: [
      {
        type: 'function',
        name: 'get_current_weather',
        parameters: { type: 'object', required: ['temperature_unit_of_place'] },
      },
    ],
    include: ['reasoning.encrypted_content'],
    previous_response_id: 'resp_0123456789abcdef0123456789abcdef',
  }
  it.each([
    "Unsupported parameter: 'max_output_tokens' is not supported with this model.",
    "Unsupported parameter: 'temperature' is not supported with this model.",
    "Unknown parameter: 'input[0].content[0].cache_control'.",
    "Previous response with id 'resp_0123456789abcdef0123456789abcdef' not found.",
    "The requested model 'gpt-5.2-codex-max-2026-01-01' does not exist.",
    'Your input exceeds the context window of this model. Please adjust your input and try again.',
    "Invalid schema for function 'get_current_weather': In context=(), 'required' is required to be supplied. Missing 'temperature_unit_of_place'.",
    'No tool output found for function call call_0123456789abcdef.',
    "Item 'fc_0123456789abcdef' of type 'function_call' was provided without its required 'reasoning' item.",
    "Invalid value: 'reasoning.encrypted_content'. Encrypted content is not supported with this model.",
    'Rate limit reached for gpt-5.2-codex-max-2026-01-01 in organization org-x on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000. Please try again in 2s.',
    'You exceeded your current quota, please check your plan and billing details.',
    'Our servers are currently overloaded. Please try again later.',
    'Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.',
  ])('%s', (words) => {
    expect(shown(words, body)).toBe(words)
  })

  it('short texts of the request are ordinary words', () => {
    expect(shown('Invalid value: none of it', { input: 'none of it' })).toBe('Invalid value: none of it')
  })
})

it('a body that is broken, or no JSON, is read as far as it goes', () => {
  expect(textsOf(`{"input":"${PROMPT}","x":"half of a text that is cut`)).toHaveLength(2)
  expect(textsOf('')).toEqual([])
  expect(textsOf('"\\')).toEqual([])
  expect(() => textsOf(`"${'\\'.repeat(100_000)}`)).not.toThrow()
})

it('the work is bounded: long bodies and long words, that repeat themselves', () => {
  const hostile = [
    ['a'.repeat(60_000), JSON.stringify({ input: Array.from({ length: 200 }, () => 'a'.repeat(10_000)) })],
    ['ab'.repeat(30_000), JSON.stringify({ input: 'ab'.repeat(4_000_000) })],
    [`${PROMPT} `.repeat(600), JSON.stringify({ input: Array.from({ length: 10_000 }, () => PROMPT) })],
  ] as const
  for (const [words, json] of hostile) {
    expect(withoutEchoes(words, textsOf(json)).length).toBeLessThan(words.length)
  }
})
