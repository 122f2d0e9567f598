import { describe, expect, it } from 'vitest'
import { isRefusalName, meaningOfName, type NameMeaning } from '../../src/retry/upstream-names.ts'

/** The end of a name changes what it means, and so does its beginning. */
const MEANINGS: ReadonlyArray<readonly [name: string, meaning: NameMeaning | undefined]> = [
  ['rate_limit', 'pushback'],
  ['rate_limit_reached', 'pushback'],
  ['never_rate_limited', undefined],
  ['rate_limited_region', undefined],
  ['rate_exception_limited', undefined],
  ['service_unavailable_error', 'pushback'],
  ['model_not_ready', 'pushback'],
  ['model_timeout', 'pushback'],
  ['credit_limit', 'quota'],
  ['credits_used_up', 'quota'],
  ['INVALID_PROMPT', 'request'],
  ['malformed_json', 'request'],
  ['incorrect_api_key', 'request'],
  ['incorrect_api_key_provided', 'request'],
  ['tool_call_invalid', 'request'],
  ['prompt_length_exceeded', 'request'],
  ['invalid_response', undefined],
  ['invalid_response_body', undefined],
  ['invalid_json_response', undefined],
  ['invalid_response_format', 'request'],
  ['unsupported_invalid_response', 'request'],
  ['invalid_state', undefined],
  ['invalid_status', undefined],
  ['invalid_state_parameter', 'request'],
  ['missing_invalid_state', 'request'],
]

describe('the name of a failure', () => {
  it.each(MEANINGS)('%s means %s', (name, meaning) => {
    expect(meaningOfName(name, false)).toBe(meaning)
  })

  it.each([
    ['service_unavailable_error', true],
    ['ThrottlingException', true],
    ['model_not_ready', false],
    ['server_error', false],
  ])('%s says that nothing was done: %s', (name, refused) => {
    expect(isRefusalName(name)).toBe(refused)
  })
})
