import { describe, expect, it } from 'vitest'
import { ResponseFailedError } from '../../src/index.ts'
import { fieldServer, frames, streamAnswer } from './support/field-server.ts'
import { added, completed, created, delta, response } from './support/kept.ts'
import { playCreate } from './support/play.ts'

const error = { code: 'server_error', message: 'The server had an error.' }
const failed = response({ status: 'failed', output: [], error })

const ends = {
  'response.failed': [{ type: 'response.failed', sequence_number: 3, response: failed }],
  'response.completed with a failed response': [completed(3, { status: 'failed', output: [], error })],
  'response.done with a failed response': [{ type: 'response.done', sequence_number: 3, response: failed }],
  error: [{ type: 'error', ...error }],
  'error and response.failed': [
    { type: 'error', ...error },
    { type: 'response.failed', sequence_number: 4, response: failed },
  ],
}
const preludes = { 'before output': [created(0)], 'after output': [created(0), added(1), delta(2, 'x')] }

describe.each(Object.entries(ends))('create() that fails by %s', (name, end) => {
  describe.each(Object.entries(preludes))('%s', (_where, prelude) => {
    it.each([0, 2])('throws ResponseFailedError when all of %i retries are spent', async (maxRetries) => {
      await using server = await fieldServer([streamAnswer(frames(...prelude, ...end))])
      const { error: thrown } = await playCreate({ baseURL: server.baseURL, maxRetries })
      expect(thrown).toBeInstanceOf(ResponseFailedError)
      expect(thrown).toMatchObject({
        code: 'response_failed',
        upstreamCode: 'server_error',
        upstreamMessage: error.message,
      })
      expect((thrown as ResponseFailedError).giveUpReason).toBe('retries_exhausted')
      expect((thrown as ResponseFailedError).attempts).toHaveLength(maxRetries + 1)
      const whole = (thrown as ResponseFailedError).response
      if (name === 'error') expect(whole).toBeUndefined()
      else expect(whole).toMatchObject({ id: 'resp_1', status: 'failed' })
      expect(server.requests).toHaveLength(maxRetries + 1)
    })
  })
})
