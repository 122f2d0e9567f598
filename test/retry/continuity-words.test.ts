import { describe, expect, it } from 'vitest'
import { isPreviousResponseNotFound } from '../../src/retry/continuity.ts'

const param = 'previous_response_id'
const named = (message: string | undefined) => isPreviousResponseNotFound(400, { param, message })
const bare = (message: string) => isPreviousResponseNotFound(400, { message })

describe('with `param: "previous_response_id"`', () => {
  it.each([
    'It was not found',
    'It was not  found',
    'It could not be found',
    'It could not  be  found',
    'There is no such response',
    'no  such id',
    "It doesn't exist",
    'It does not exist',
    'They do  not  exist',
    'It did not exist',
    'an unknown id',
    'It is no longer there',
    'It is no  longer there',
    'It has expired',
    'It was deleted',
    'We cannot find it',
    'We can not find it',
    "We can't  find it",
    'We are unable to find it',
    'We are unable  to  locate it',
    'There is no response',
    'There is no  response',
    'There is no previous response',
    'There is no  previous  response',
  ])('%j speaks of a response that is missing', (message) => {
    expect(named(message)).toBe(true)
  })

  it.each([
    '',
    ' ',
    'Bad request',
    '  bad request',
    'Invalid request.',
    'Invalid value!',
    'invalid parameter  . ',
    'Error',
  ])('%j names no cause, which leaves the parameter', (message) => {
    expect(named(message)).toBe(true)
  })

  it.each([
    'used together with conversation',
    'used together  with conversation',
    'mutually exclusive',
    'both were given',
    'instead of a list',
    'instead  of a list',
    'it begins with resp',
    'it should begin with resp',
    'an id starts  with resp',
    'a string is expected',
    'it must be a string',
    'it is still running',
    'it is in progress',
    'it is in  progress',
    'it can never be continued',
    'it can never be  continued',
    'it has failed',
  ])('%j names another cause, whatever else is said', (cause) => {
    expect(named(`Not found: ${cause}`)).toBe(false)
  })

  it.each(['Something odd happened', 'Such a bad request', 'bad request for you', 'Not supported: no such thing'])(
    '%j is no word about a missing response',
    (message) => {
      expect(named(message)).toBe(false)
    },
  )

  it('nothing else is said, or nothing is said of a response', () => {
    expect(named(undefined)).toBe(true)
    expect(isPreviousResponseNotFound(400, { type: 'invalid_request_error' })).toBe(false)
  })
})

describe('without it', () => {
  it.each([
    ' Invalid previous_response_id',
    'Invalid previous_response_id .',
    'Invalid `previous_response_id` resp_1',
    'Invalid previous_response_id:resp_abc-1',
    'Invalid previous_response_id: resp_abc-1',
    "Invalid 'previous_response_id': 'resp_abc-1'.",
  ])('%j alone is a missing response', (message) => {
    expect(bare(message)).toBe(true)
  })

  it.each(['It may be an invalid previous_response_id', 'Invalid previous_response_id: it is a number'])(
    '%j is not a lost conversation',
    (message) => {
      expect(bare(message)).toBe(false)
    },
  )

  it.each(['bad_request', 'BadRequest', '400', '404'])('the code %s leaves the question to the words', (code) => {
    expect(isPreviousResponseNotFound(400, { code, message: 'Previous response with id resp_1 not found' })).toBe(true)
  })
})
