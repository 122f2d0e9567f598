import { inspect } from 'node:util'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { explain, findResilientError, ResilientClient, UpstreamError } from '../../src/index.ts'
import { dataFrames, fieldServer, jsonAnswer, streamAnswer } from './support/field-server.ts'
import { ASKED, playCreate, playOpenAI, playStream } from './support/play.ts'

const LONG = `Invalid schema for function 'get_weather': ${'In context=(), required is required to be supplied. '.repeat(8)}End.`
const REFUSED = {
  error: {
    message: LONG,
    type: 'invalid_request_error',
    param: 'tools[0].parameters',
    code: 'invalid_function_parameters',
  },
}
const NOT_FOUND = {
  error: {
    message: "The model 'gpt-9' does not exist or you do not have access to it.",
    type: 'invalid_request_error',
    param: null,
    code: 'model_not_found',
  },
}

describe('the words of the endpoint', () => {
  it('are on the error, whole, with parameter, type, body and headers, and keep no socket alive', async () => {
    await using server = await fieldServer([
      jsonAnswer(400, REFUSED, { 'x-request-id': 'req_7', 'x-note': 'not for print' }),
    ])
    const { error } = await playCreate({ baseURL: server.baseURL })
    expect(error).toBeInstanceOf(UpstreamError)
    const upstream = error as UpstreamError
    expect(upstream).toMatchObject({
      status: 400,
      upstreamCode: 'invalid_function_parameters',
      type: 'invalid_request_error',
      param: 'tools[0].parameters',
      upstreamMessage: LONG,
      body: REFUSED,
      requestIds: ['req_7'],
    })
    expect(upstream.message).toContain(LONG)
    expect(upstream.headers?.['x-note']).toBe('not for print')
    expect(upstream.cause).toBeUndefined()
    expect(inspect(upstream, { showHidden: true, depth: 9 }) + JSON.stringify(upstream)).not.toContain('not for print')
    expect(explain(error)?.startsWith(LONG)).toBe(true)
  })

  it('are there for a failure inside a stream, too', async () => {
    const event = { type: 'error', sequence_number: 0, code: 'invalid_prompt', message: LONG, param: 'input' }
    await using server = await fieldServer([streamAnswer(dataFrames(event))])
    const { error } = await playStream({ baseURL: server.baseURL })
    expect(error).toMatchObject({ upstreamCode: 'invalid_prompt', param: 'input', upstreamMessage: LONG, body: event })
    expect((error as Error).cause).toBeUndefined()
    expect(explain(error)).toMatch(/^Invalid schema .*End\. \(invalid_prompt, param input\)\nattempt 1 /)
  })

  it('are read from a string in the field error', async () => {
    for (const [status, body] of [
      [500, { error: 'model runner has stopped' }],
      [404, { error: "model 'qwen3' not found" }],
      [422, { detail: [{ loc: ['body', 'input'], msg: 'Field required', type: 'missing' }] }],
    ] as const) {
      await using server = await fieldServer([jsonAnswer(status, body)])
      const { error } = await playStream({ baseURL: server.baseURL, maxRetries: 0 })
      const words = 'error' in body ? body.error : 'body.input: Field required'
      expect(error).toMatchObject({ status, upstreamMessage: words })
      expect((error as Error).message).toContain(words)
      expect(explain(error)?.startsWith(words)).toBe(true)
    }
  })

  it('begin the explanation of an unknown model, from our error and from the error of openai', async () => {
    await using server = await fieldServer([jsonAnswer(404, NOT_FOUND)])
    const { baseURL } = server
    const opening = `${NOT_FOUND.error.message} (404, model_not_found)\n`
    expect(explain((await playStream({ baseURL })).error)?.startsWith(opening)).toBe(true)
    const hosted = await playOpenAI({ baseURL }, (openai) => openai.responses.create(ASKED))
    expect(hosted.error).toBeInstanceOf(OpenAI.NotFoundError)
    expect(explain(hosted.error)?.startsWith(opening)).toBe(true)
    expect(findResilientError(hosted.error)).toMatchObject({ status: 404, giveUpReason: 'not_retryable' })
  })

  it('are shown without the credential that they echo', async () => {
    await using server = await fieldServer([
      jsonAnswer(401, {
        error: { message: `Incorrect API key provided: sk-field. ${'x '.repeat(300)}`, param: 'sk-field' },
      }),
    ])
    const { error } = await playStream({ baseURL: server.baseURL })
    expect(inspect(error, { depth: 9 }) + explain(error)).not.toContain('sk-field')
  })
})

describe('an option that is not accepted', () => {
  it('begins the explanation with its own message', () => {
    let error: unknown
    try {
      new ResilientClient({ maxRetries: -1 })
    } catch (thrown) {
      error = thrown
    }
    expect(explain(error)).toBe(
      `${(error as Error).message}\ninvalid_configuration: An option or argument is not accepted.`,
    )
    expect(explain(error)).toMatch(/^maxRetries: got -1; accepted: a whole number/)
  })
})
