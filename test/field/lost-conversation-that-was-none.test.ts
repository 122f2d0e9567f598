import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PreviousResponseNotFoundError } from '../../src/index.ts'
import { isPreviousResponseNotFound } from '../../src/retry/continuity.ts'
import { fieldServer, jsonAnswer } from './support/field-server.ts'
import { playFetch, playStream } from './support/play.ts'

/** Other errors of the parameter: the conversation is there. Resending all of it is how a turn came to cost 70 K tokens. */
const OTHERS = [
  'The previous_response_id parameter cannot be used together with conversation.',
  "Invalid 'previous_response_id': 'abc'. Expected an ID that begins with 'resp'.",
  "Previous response 'resp_1' is still in progress. Wait for it to complete.",
  'The previous response failed and cannot be continued.',
  'Only one of previous_response_id and conversation may be given; they are mutually exclusive.',
  'previous_response_id must be a string.',
  'Unsupported parameter: previous_response_id',
]

/** The response is not there, or nothing else is said. */
const GENUINE = [
  "Previous response with id 'resp_1' not found.",
  'Response resp_1 does not exist.',
  'No such response: resp_1',
  'The response has expired.',
  'Unknown response id',
  'Invalid `previous_response_id`.',
  "Invalid 'previous_response_id': 'resp_1'.",
  'Bad Request',
]

const refusal = (message: string) =>
  jsonAnswer(400, {
    error: { message, type: 'invalid_request_error', param: 'previous_response_id', code: null },
  })

describe('an error about previous_response_id', () => {
  it.each(OTHERS)('is not a lost conversation if it says: %s', async (message) => {
    await using server = await fieldServer([refusal(message)])
    const asked: unknown[] = []
    const options = {
      baseURL: server.baseURL,
      onPreviousResponseNotFound: () => {
        asked.push(message)
        return undefined
      },
    }
    const { error } = await playStream(options, { previous_response_id: 'resp_1' })
    expect(error).not.toBeInstanceOf(PreviousResponseNotFoundError)
    expect(error).toMatchObject({ param: 'previous_response_id', upstreamMessage: message, retryable: false })
    const fetched = await playFetch(options, { model: 'm', input: 'x', stream: true, previous_response_id: 'resp_1' })
    expect(fetched.result?.text).toContain(JSON.stringify(message).slice(1, -1))
    expect(asked).toEqual([])
    expect(server.requests).toHaveLength(2)
  })

  it.each(GENUINE)('is a lost conversation if it says: %s', async (message) => {
    await using server = await fieldServer([refusal(message)])
    let asked = 0
    const options = {
      baseURL: server.baseURL,
      onPreviousResponseNotFound: () => {
        asked++
        return undefined
      },
    }
    const { error } = await playStream(options, { previous_response_id: 'resp_1' })
    expect(error).toBeInstanceOf(PreviousResponseNotFoundError)
    expect(asked).toBe(1)
    expect(server.requests).toHaveLength(1)
  })

  it('is a lost conversation if it has no message, and never if the message names another cause', () => {
    const about = (message?: string) => isPreviousResponseNotFound(400, { param: 'previous_response_id', message })
    expect(about()).toBe(true)
    fc.assert(
      fc.property(fc.constantFrom(...OTHERS), fc.string({ maxLength: 30 }), (message, more) => {
        expect(
          about(
            `${message} ${more.replace(/found|such|exist|unknown|longer|expired|deleted|find|locate|response/gi, '')}`,
          ),
        ).toBe(false)
      }),
    )
  })
})
