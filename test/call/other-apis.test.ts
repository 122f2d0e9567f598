import { describe, expect, it } from 'vitest'
import { otherApi, otherApiOf } from '../../src/call/other-apis.ts'

describe('the API of an answer', () => {
  it.each<[name: string | undefined, json: unknown]>([
    ['Chat Completions', { object: 'chat.completion', choices: [] }],
    ['Chat Completions', { object: 'chat.completion.chunk' }],
    ['Completions', { object: 'text_completion', choices: [] }],
    ['Chat Completions', { choices: [] }],
    ['Anthropic Messages', { type: 'message_start' }],
    ['Anthropic Messages', { type: 'message', stop_reason: null, content: [] }],
    ['Gemini', { candidates: [] }],
    // The rest may be of the Responses API.
    [undefined, { object: 'response', output: [] }],
    [undefined, { type: 'message', content: [] }],
    [undefined, { type: 'message', stop_reason: 'end_turn', content: 'text' }],
    [undefined, { type: 'other', stop_reason: 'end_turn', content: [] }],
    [undefined, { type: 'response.created', choices: [], candidates: [] }],
    [undefined, { choices: 1, candidates: 'none' }],
    [undefined, {}],
    [undefined, null],
    [undefined, 'chat.completion'],
    [undefined, undefined],
  ])('is %s for %j', (name, json) => {
    expect(otherApiOf(json)).toBe(name)
  })
})

it('another API is never retried, and the error names it', () => {
  const failed = otherApi('Gemini')
  expect(failed).toMatchObject({ code: 'unexpected_content', lane: undefined })
  expect(failed.message).toBe(
    'The answer looks like Gemini, which is another API: a call to …/responses needs an endpoint that has the Responses API. Set baseURL to one, or send the call to the address of the other API.',
  )
})
