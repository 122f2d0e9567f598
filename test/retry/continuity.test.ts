import { describe, expect, it } from 'vitest'
import { classifyUpstream } from '../../src/retry/classify-upstream.ts'
import { isPreviousResponseNotFound, unsupportedParameter } from '../../src/retry/continuity.ts'
import { errorFieldsOf } from '../../src/retry/error-fields.ts'
import { NOT_FOUND } from '../support/not-found-shapes.ts'

describe('fault 58: a genuine previous_response_not_found', () => {
  it.each(NOT_FOUND)('is known by %s, as a 400, as a 404 and in a stream', (_name, body) => {
    for (const status of [400, 404, undefined]) {
      expect(isPreviousResponseNotFound(status, errorFieldsOf(body))).toBe(true)
      const failed = classifyUpstream({
        status,
        error: errorFieldsOf(body),
        header: () => undefined,
        wallNow: 0,
        secrets: [],
      })
      expect(failed).toMatchObject({ code: 'previous_response_not_found', lane: undefined })
    }
    for (const status of [500, 502, 503, 429, 401])
      expect(isPreviousResponseNotFound(status, errorFieldsOf(body))).toBe(false)
  })

  it.each([
    'previous_response not found',
    'Previous response resp_1 not found',
    'previous_response_id: resp_1 not found',
    "previous response id 'resp_1' was not found",
    'Previous response with id: "resp_1" is not found',
    'Previous response  with  id  resp_1  not  found',
    'Previous response with id resp_1  was  not  found',
    'Previous response with id resp_1  is  not  found',
    'Previous response with id resp_1  could  not  be  found',
    'Previous response with id `resp_1` could not be found.',
    "invalid  'previous_response_id'",
    'Invalid previous_response_id',
  ])('is known by the words %j, unless another parameter or another cause is named', (message) => {
    expect(isPreviousResponseNotFound(400, { message })).toBe(true)
    for (const code of ['invalid_request_error', 'not_found', 'invalid_value'])
      expect(isPreviousResponseNotFound(400, { message, code })).toBe(true)
    expect(isPreviousResponseNotFound(400, { message, param: 'model' })).toBe(false)
    expect(isPreviousResponseNotFound(400, { message, code: 'invalid_prompt' })).toBe(false)
  })

  it.each([
    'Invalid previous_response_id type: a string is expected',
    "Invalid 'previous_response_id'  type",
    'Previous response with id resp_1 was found',
    'Previous response with id resp_1 could not be loaded',
    'The previous response is large; the file was not found',
  ])('is not known by the words %j', (message) => {
    expect(isPreviousResponseNotFound(400, { message })).toBe(false)
  })

  it.each([
    [
      'another parameter',
      400,
      { error: { type: 'invalid_request_error', param: 'model', message: 'model not found' } },
    ],
    [
      'a route that does not exist',
      404,
      { error: { message: 'Invalid URL (POST /v1/response)', type: 'invalid_request_error' } },
    ],
    ['a bare 404', 404, { detail: 'Not Found' }],
    [
      'an expired file',
      400,
      { error: { message: "File with id 'file-1' not found.", param: 'input', code: 'not_found' } },
    ],
    [
      'another response',
      404,
      { error: { message: "Response with id 'resp_1' not found.", type: 'invalid_request_error', param: null } },
    ],
    [
      'a parameter that is not supported',
      400,
      { error: { message: 'Unsupported parameter: previous_response_id', param: 'previous_response_id' } },
    ],
    [
      'a code of another cause',
      400,
      { error: { code: 'context_length_exceeded', param: 'previous_response_id', message: 'x' } },
    ],
    ['nothing', 400, undefined],
  ])('is not taken for one: %s', (_name, status, body) => {
    expect(isPreviousResponseNotFound(status, errorFieldsOf(body))).toBe(false)
  })
})

describe('a parameter that the endpoint does not know', () => {
  it.each([
    ['Unsupported parameter: previous_response_id', 'previous_response_id'],
    ["Unsupported parameter: 'background'.", 'background'],
    ['Store must be set to false', 'store'],
    ['Stream must be set to true', 'stream'],
    ["Unknown parameter: 'reasoning.summary'.", 'reasoning.summary'],
    ['Unknown parameter background', 'background'],
    ['Unsupported parameter:  `store`', 'store'],
    ['Unsupported parameter:include', 'include'],
  ])('%s', (text, parameter) => {
    const found = unsupportedParameter(
      400,
      errorFieldsOf({ detail: text }) ?? errorFieldsOf({ error: { message: text } }),
    )
    expect(found?.parameter).toBe(parameter)
    expect(found?.advice.length).toBeGreaterThan(20)
  })

  it.each([
    ['previous_response_id', /send the whole input each turn, without previous_response_id/],
    ['background', /no background responses: stream/],
    ['conversation', /no conversations: send the whole input/],
    ['store', /send store: false/],
    ['temperature', /^Leave temperature out at this endpoint\.$/],
  ])('comes with what works instead: %s', (parameter, advice) => {
    expect(unsupportedParameter(400, { message: `Unsupported parameter: ${parameter}` })?.advice).toMatch(advice)
  })

  it('is also recognised by its code, as a 400, as a 422 and in a stream', () => {
    for (const status of [400, 422, undefined]) {
      expect(unsupportedParameter(status, { message: 'Unsupported parameter: x' })?.parameter).toBe('x')
      expect(unsupportedParameter(status, { code: 'unsupported_parameter', param: 'top_k' })).toEqual({
        parameter: 'top_k',
        advice: 'Leave top_k out at this endpoint.',
      })
    }
    expect(unsupportedParameter(400, { code: 'invalid_value', param: 'top_k' })).toBeUndefined()
  })

  it('is not recognised in other errors', () => {
    expect(unsupportedParameter(400, { message: 'Invalid value for store' })).toBeUndefined()
    expect(unsupportedParameter(500, { message: 'Unsupported parameter: x' })).toBeUndefined()
  })
})
