import { describe, expect, it } from 'vitest'
import { dataFrames, fieldServer, frames, jsonAnswer, streamAnswer } from './support/field-server.ts'
import { playCreate, playFetch, QUICK } from './support/play.ts'

const CREATED = { type: 'response.created', response: { id: 'resp_1', object: 'response', status: 'in_progress' } }

/** A response that failed with this code, behind its first event. */
const failedWith = (code: string | number) =>
  streamAnswer(
    frames(CREATED, {
      type: 'response.failed',
      response: { id: 'resp_1', object: 'response', status: 'failed', output: [], error: { code, message: 'm' } },
    }),
  )

describe.each([
  'insufficient_quota',
  'billing_hard_limit_reached',
  'billing_not_active',
  'account_deactivated',
  'quota_exceeded',
  'insufficient_credits',
])('an account that cannot pay, %s', (code) => {
  it('is one request as a 429, as a failed response and by its type, also where classify says otherwise', async () => {
    for (const bytes of [
      jsonAnswer(429, { error: { code, message: 'm' } }),
      failedWith(code),
      streamAnswer(dataFrames({ type: 'error', error: { type: code, message: 'm' } })),
    ]) {
      await using server = await fieldServer([bytes])
      const { baseURL } = server
      expect((await playCreate({ baseURL })).error).toMatchObject({ retryable: false })
      await playCreate({ baseURL, classify: () => 'pushback' })
      await playFetch({ baseURL })
      expect(server.requests).toHaveLength(3)
    }
  })
})

describe.each([
  'invalid_api_key',
  'model_not_found',
  'unsupported_parameter',
  'invalid_value',
  'string_above_max_length',
  'invalid_encrypted_content',
  'content_filter',
  400,
])('a request that is wrong in itself, %s', (code) => {
  it('in a stream is final', async () => {
    await using server = await fieldServer([failedWith(code)])
    const { baseURL } = server
    expect((await playCreate({ baseURL })).error).toMatchObject({ upstreamCode: String(code), retryable: false })
    await playFetch({ baseURL })
    expect(server.requests).toHaveLength(2)
  })
})

describe('a status that an event names', () => {
  it.each([
    { type: 'error', status: 400, error: { message: 'm' } },
    { type: 'error', status_code: 400, error: { message: 'm' } },
  ])('is final as that status is: %j', async (event) => {
    await using server = await fieldServer([streamAnswer(dataFrames(event))])
    expect((await playCreate({ baseURL: server.baseURL })).error).toMatchObject({ status: 400, retryable: false })
    expect(server.requests).toHaveLength(1)
  })

  it('is retried if it means "not now"', async () => {
    const busy = dataFrames({ type: 'error', status: 503, error: { code: 'model_not_found', message: 'm' } })
    await using server = await fieldServer([streamAnswer(busy)])
    await playCreate({ baseURL: server.baseURL, maxRetries: 2 })
    expect(server.requests).toHaveLength(3)
  })
})

describe('a service of AWS that throttles with 400', () => {
  it('is retried, and its name is the code', async () => {
    const bytes = jsonAnswer(400, {
      __type: 'com.amazon.coral.service#ThrottlingException',
      message: 'Too many tokens',
    })
    await using server = await fieldServer([bytes])
    const { error } = await playCreate({ baseURL: server.baseURL, maxRetries: 2 })
    expect(error).toMatchObject({ status: 400, upstreamCode: 'ThrottlingException' })
    expect(server.requests).toHaveLength(3)
  })
})

describe('a server failure that mentions the conversation', () => {
  it('is retried as a 503: it does not mean that the conversation is lost', async () => {
    const bytes = jsonAnswer(503, { error: { code: 'previous_response_not_found', message: 'm' } })
    await using server = await fieldServer([bytes])
    let isAsked = false
    const { error } = await playCreate(
      {
        ...QUICK,
        baseURL: server.baseURL,
        maxRetries: 2,
        onPreviousResponseNotFound: () => {
          isAsked = true
          return undefined
        },
      },
      { previous_response_id: 'resp_0' },
    )
    expect(error).toMatchObject({ code: 'http_status', status: 503 })
    expect(server.requests).toHaveLength(3)
    expect(isAsked).toBe(false)
  })
})
