import { createOpenAI } from '@ai-sdk/openai'
import { APICallError, streamText } from 'ai'
import OpenAI, { APIConnectionTimeoutError, APIError, APIUserAbortError, BadRequestError, RateLimitError } from 'openai'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findResilientError, ResilientClient, type ResilientClientOptions } from '../../src/index.ts'
import { type Fault, MockResponsesServer } from '../../src/testing/server.ts'
import { collect, outcomeOf } from './support/calls.ts'
import { expectNothingLeft } from './support/nothing-left.ts'

const DEAD: Fault = { at: 'headers', effect: 'stall' }
/** `response.created` to the first delta are out: the caller has seen output. */
const CUT_AFTER_OUTPUT: Fault = { at: 'before_event', event: 5, effect: 'eof' }

const status = (code: number, headers: Record<string, string> = {}): Fault => ({
  at: 'headers',
  effect: 'status',
  status: code,
  headers,
})

let server: MockResponsesServer
let client: ResilientClient

function connect(options: ResilientClientOptions = {}) {
  client = new ResilientClient({ retry: { baseDelayMs: 1, maxDelayMs: 5 }, ...options })
  const openai = new OpenAI({ apiKey: 'key', baseURL: server.baseURL, fetch: client.fetch, maxRetries: 0 })
  const provider = createOpenAI({ apiKey: 'key', baseURL: server.baseURL, fetch: client.fetch })
  return {
    openai,
    streamed: () => openai.responses.create({ model: 'gpt-5.2', input: 'hi', stream: true }),
    aiParts: (settings: { maxRetries?: number; streamRetries?: number; abortSignal?: AbortSignal } = {}) => {
      const model = provider.responses('gpt-5.2')
      return collect(streamText({ model, prompt: 'hi', maxRetries: 0, onError: () => {}, ...settings }).fullStream)
    },
  }
}

beforeEach(async () => {
  server = await MockResponsesServer.start()
})

afterEach(async () => {
  await expectNothingLeft(client, server)
  server.assertConsumed()
  await server.close()
})

describe('openai', () => {
  it('gets a result without streaming, through a reset, an overload and a rate limit', async () => {
    const { openai } = connect()
    server.script([{ at: 'headers', effect: 'reset' }, status(503), status(429, { 'retry-after-ms': '5' }), 'ok'])
    const response = await openai.responses.create({ model: 'gpt-5.2', input: 'hi' })
    expect(response).toMatchObject({ id: 'resp_mock_4', status: 'completed', output_text: 'You said: hi' })
    expect(new Set(server.requests.map(({ body }) => String(body))).size).toBe(1)
  })

  it('maps a refusal to its own error class, with the request id, at the first attempt', async () => {
    const { streamed } = connect()
    server.script([status(400, { 'x-request-id': 'req_400' })])
    const { error } = await outcomeOf(streamed())
    expect(error).toBeInstanceOf(BadRequestError)
    expect(error).toMatchObject({ status: 400, requestID: 'req_400', type: 'invalid_request_error' })
    expect(server.requests).toHaveLength(1)
  })

  it('does not begin retries of its own when ours are spent', async () => {
    const { openai } = connect({ maxRetries: 2 })
    server.script([status(429), status(429), status(429, { 'x-request-id': 'req_last' })])
    const { error } = await outcomeOf(
      openai.responses.create({ model: 'gpt-5.2', input: 'hi', stream: true }, { maxRetries: 3 }),
    )
    expect(error).toBeInstanceOf(RateLimitError)
    expect(error).toMatchObject({ code: 'rate_limit_exceeded', requestID: 'req_last' })
    expect(server.requests).toHaveLength(3)
  })

  it('takes an endpoint that stays silent for a timeout, with our error and its history inside', async () => {
    const { streamed } = connect({ maxRetries: 1, timeouts: { ttfbMs: 100 } })
    server.script([DEAD, DEAD])
    const { error } = await outcomeOf(streamed())
    expect(error).toBeInstanceOf(APIConnectionTimeoutError)
    expect(findResilientError(error)).toMatchObject({ code: 'ttfb_timeout', retryable: true, attempts: { length: 2 } })
  })

  it('throws when a stream is cut after output, and never takes it for a clean end', async () => {
    const { streamed } = connect()
    server.script([CUT_AFTER_OUTPUT])
    const seen: string[] = []
    const { error } = await outcomeOf(
      (async () => {
        for await (const { type } of await streamed()) seen.push(type)
      })(),
    )
    expect(seen.at(-1)).toBe('response.output_text.delta')
    expect(findResilientError(error)).toMatchObject({
      name: 'StreamInterruptedError',
      code: 'stream_incomplete',
      responseId: 'resp_mock_1',
    })
  })

  it("with onStreamFailure 'sse_error' gets the cut as an error event", async () => {
    const { streamed } = connect({ onStreamFailure: 'sse_error' })
    server.script([CUT_AFTER_OUTPUT])
    const { error } = await outcomeOf(collect(await streamed()))
    expect(error).toBeInstanceOf(APIError)
    expect(error).toMatchObject({ code: 'stream_incomplete', type: 'server_error' })
  })

  it('aborts while the endpoint is silent', async () => {
    const { openai } = connect()
    server.script([DEAD])
    const controller = new AbortController()
    const call = outcomeOf(
      openai.responses.create({ model: 'gpt-5.2', input: 'hi', stream: true }, { signal: controller.signal }),
    )
    await server.waitFor('fault')
    controller.abort()
    expect((await call).error).toBeInstanceOf(APIUserAbortError)
    expect(server.requests).toHaveLength(1)
  })

  it('aborts in the middle of a stream, and frees the socket', async () => {
    const { streamed } = connect()
    server.script([{ at: 'before_event', event: 6, effect: 'stall' }])
    const stream = await streamed()
    for await (const { type } of stream) if (type === 'response.output_text.delta') stream.controller.abort()
    await server.waitFor('connection_closed')
    expect(server.requests[0]?.outcome).toBe('client_gone')
  })

  it('breaks out of a stream, and frees the socket', async () => {
    const { streamed } = connect()
    server.script([{ at: 'before_event', event: 6, effect: 'stall' }])
    for await (const { type } of await streamed()) if (type === 'response.output_text.delta') break
    await server.waitFor('connection_closed')
    expect(server.requests[0]?.outcome).toBe('client_gone')
  })
})

describe('ai with @ai-sdk/openai', () => {
  it('gets a refusal as an APICallError with its status', async () => {
    const { aiParts } = connect()
    server.script([status(400)])
    const error = (await aiParts()).flatMap((part) => (part.type === 'error' ? [part.error] : []))[0]
    expect(APICallError.isInstance(error)).toBe(true)
    expect(error).toMatchObject({ statusCode: 400, isRetryable: false })
    expect(server.requests).toHaveLength(1)
  })

  it('takes an endpoint that stays silent for a connection error that can be retried', async () => {
    const { aiParts } = connect({ maxRetries: 1, timeouts: { ttfbMs: 100 } })
    server.script([DEAD, DEAD])
    const error = (await aiParts()).flatMap((part) => (part.type === 'error' ? [part.error] : []))[0]
    expect(error).toMatchObject({ isRetryable: true })
    expect((error as Error).message).toContain('timed out')
    expect(findResilientError(error)?.code).toBe('ttfb_timeout')
  })

  it("acts on a cut stream with its streamRetries, given onStreamFailure 'sse_error'", async () => {
    const { aiParts } = connect({ onStreamFailure: 'sse_error' })
    server.script([CUT_AFTER_OUTPUT, 'ok'])
    const parts = await aiParts({ streamRetries: 1 })
    expect(parts.filter(({ type }) => type === 'error')).toEqual([])
    expect(parts.at(-1)).toMatchObject({ type: 'finish', finishReason: 'stop' })
    expect(server.requests).toHaveLength(2)
  })

  it('aborts while the endpoint is silent, and frees the socket', async () => {
    const { aiParts } = connect()
    server.script([DEAD])
    const controller = new AbortController()
    const parts = aiParts({ abortSignal: controller.signal })
    await server.waitFor('fault')
    controller.abort()
    expect((await parts).map(({ type }) => type)).toContain('abort')
    await server.waitFor('connection_closed')
    expect(server.requests).toHaveLength(1)
  })
})
