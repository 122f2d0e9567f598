import { describe, expect, it } from 'vitest'
import type { ResilientError } from '../../src/index.ts'
import { type Answer, answer, dataFrames, fieldServer, jsonAnswer, streamAnswer } from './support/field-server.ts'
import { playFetch, playStream } from './support/play.ts'

/** openai/codex#3764 and others: how gateways tell the time to wait. */
const TOLD: ReadonlyArray<readonly [what: string, answer: Answer, waitMs: number]> = [
  [
    'Azure in words',
    jsonAnswer(429, {
      error: {
        code: 'too_many_requests',
        message:
          'Your requests to gpt-5 have exceeded the token rate limit of your pricing tier. Please retry after 2 seconds.',
      },
    }),
    2000,
  ],
  [
    'Azure API Management',
    jsonAnswer(429, { statusCode: 429, message: 'Rate limit is exceeded. Try again in 2 seconds.' }),
    2000,
  ],
  ['Azure in a header', jsonAnswer(429, { error: { message: 'Slow down.' } }, { 'x-ms-retry-after-ms': '1750' }), 1750],
  [
    'Fastify',
    jsonAnswer(429, { statusCode: 429, error: 'Too Many Requests', message: 'Rate limit exceeded, retry in 1 minute' }),
    60_000,
  ],
  [
    'a failure of the server',
    jsonAnswer(503, { error: { message: 'Loading the model, please try again in 6m0s.' } }),
    360_000,
  ],
  [
    'inside a stream',
    streamAnswer(
      dataFrames({
        type: 'error',
        code: 'rate_limit_exceeded',
        message: 'Please try again in 11.054s.',
        sequence_number: 0,
      }),
    ),
    11_054,
  ],
  ['a number without an end', jsonAnswer(429, {}, { 'retry-after': '9'.repeat(5000) }), Number.MAX_SAFE_INTEGER],
  ['milliseconds without an end', jsonAnswer(503, {}, { 'retry-after-ms': '9'.repeat(5000) }), Number.MAX_SAFE_INTEGER],
  [
    'a reset without an end',
    answer(429, '{"error":{"resets_in_seconds":1e999}}', { 'content-type': 'application/json' }),
    Number.MAX_SAFE_INTEGER,
  ],
]

describe.each(TOLD)('a wait stated by %s', (_, told, waitMs) => {
  it('is understood: if it is longer than maxHintMs the call ends, and the error states it', async () => {
    await using server = await fieldServer([told])
    const options = { baseURL: server.baseURL, retry: { maxHintMs: 1000 } }
    const { error } = await playStream(options)
    expect((error as ResilientError).giveUpReason).toBe('hint_too_long')
    expect((error as ResilientError).retryAfterMs).toBe(waitMs)
    await playFetch(options)
    expect(server.requests).toHaveLength(2)
  })
})
