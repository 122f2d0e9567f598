import { createOpenAI } from '@ai-sdk/openai'
import { generateText, streamText } from 'ai'
import { APIError } from 'openai'
import { describe, expect, it } from 'vitest'
import { explain } from '../../src/index.ts'
import { answer, fieldServer, jsonAnswer } from './support/field-server.ts'
import { ASKED, playCreate, playFetch, playOpenAI, playStream, withClient } from './support/play.ts'

const QUOTA = JSON.stringify({ error: { code: 'insufficient_quota', message: 'You exceeded your current quota.' } })

describe('an error in JSON with status 200, in answer to a request for a stream', () => {
  it.each(['text/plain', 'text/plain; charset=utf-8', 'text/event-stream', 'application/octet-stream', undefined])(
    'is final, and its reason is in the error: labelled %s',
    async (type) => {
      await using server = await fieldServer([answer(200, QUOTA, type === undefined ? {} : { 'content-type': type })])
      const { baseURL } = server
      for (const { error } of [await playStream({ baseURL }), await playCreate({ baseURL })]) {
        expect(error).toMatchObject({
          code: 'response_failed',
          upstreamCode: 'insufficient_quota',
          retryable: false,
          message: expect.stringContaining('exceeded your current quota'),
        })
      }
      // A host that asked for a stream finds no event in JSON: it gets the event that the error amounts to.
      const { text = '' } = (await playFetch({ baseURL })).result ?? {}
      expect(JSON.parse(/^event: error\ndata: (.*)\n\n$/.exec(text)?.[1] ?? '')).toMatchObject(JSON.parse(QUOTA))
      expect(server.requests).toHaveLength(3)
    },
  )

  it('without an object around it is treated the same', async () => {
    const flat = JSON.stringify({ code: 'insufficient_quota', message: 'You exceeded your current quota.' })
    await using server = await fieldServer([answer(200, flat, { 'content-type': 'text/plain' })])
    const { error } = await playCreate({ baseURL: server.baseURL })
    expect(error).toMatchObject({ upstreamCode: 'insufficient_quota' })
    expect(server.requests).toHaveLength(1)
  })
})

const SHAPES: ReadonlyArray<readonly [what: string, body: object]> = [
  ['in an object', { error: { code: 'invalid_prompt', message: 'No such thing.' } }],
  ['with flat fields', { code: 'invalid_prompt', message: 'No such thing.' }],
  ['with a status among flat fields', { status_code: 400, type: 'invalid_request_error', message: 'No such thing.' }],
  ['as a text', { error: 'No such thing.', code: 'invalid_prompt' }],
  ['in a list', { errors: [{ code: 'invalid_prompt', message: 'No such thing.' }] }],
]

describe.each(SHAPES)('an error with status 200, for a host: %s', (_, body) => {
  it('is an error for openai, streamed or not', async () => {
    await using server = await fieldServer([jsonAnswer(200, body)])
    const { baseURL } = server
    const streamed = await playOpenAI({ baseURL }, async (openai) => {
      for await (const _event of await openai.responses.create({ ...ASKED, stream: true }));
    })
    const whole = await playOpenAI({ baseURL }, (openai) => openai.responses.create(ASKED))
    for (const { error } of [streamed, whole]) {
      expect(error).toBeInstanceOf(APIError)
      expect(error).toMatchObject({ message: expect.stringContaining('No such thing.') })
    }
    expect(whole.error).toMatchObject({ status: 400 })
    expect(explain(whole.error)).toContain('No such thing.')
    expect(server.requests).toHaveLength(2)
  })

  it('is an error for the AI SDK, streamed or not', async () => {
    await using server = await fieldServer([jsonAnswer(200, body)])
    await withClient({ baseURL: server.baseURL }, async (client) => {
      const openai = createOpenAI({ apiKey: 'sk-field', baseURL: server.baseURL, fetch: client.fetch })
      const asked = { model: openai.responses('gpt-5'), prompt: 'Hello', maxRetries: 0 }
      await expect(generateText(asked)).rejects.toMatchObject({ statusCode: 400 })
      const errors: unknown[] = []
      for await (const part of streamText({ ...asked, onError: () => {} }).fullStream)
        if (part.type === 'error') errors.push(part.error)
      expect(JSON.stringify(errors)).toContain('No such thing.')
    })
    expect(server.requests).toHaveLength(2)
  })

  it('keeps its bytes, and the status of one that passes is 503', async () => {
    await using server = await fieldServer([
      jsonAnswer(200, body),
      jsonAnswer(200, { error: { code: 'server_error' } }),
    ])
    const { baseURL } = server
    const final = await playFetch({ baseURL }, ASKED)
    expect(final.result).toMatchObject({ status: 400, text: JSON.stringify(body) })
    const passing = await playFetch({ baseURL, maxRetries: 1 }, ASKED)
    expect(passing.result?.status).toBe(503)
    expect(passing.result?.headers.get('x-should-retry')).toBe('false')
    expect(server.requests).toHaveLength(3)
  })
})
