import { describe, expect, it } from 'vitest'
import { findResilientError } from '../../src/index.ts'
import { type Answer, answer, fieldServer, jsonAnswer } from './support/field-server.ts'
import { HELLO_RESPONSE } from './support/hello.ts'
import { ASKED, playFetch, playOpenAI, withClient } from './support/play.ts'

const PAGE = '<html><body>Please log in to the hotel network.</body></html>'
const OK = jsonAnswer(200, HELLO_RESPONSE)

const BAD: ReadonlyArray<readonly [what: string, given: Answer, words: RegExp]> = [
  ['a page', answer(200, PAGE, { 'content-type': 'text/html' }), /got text\/html: Please log in/],
  ['a page labelled JSON', answer(200, PAGE, { 'content-type': 'application/json' }), /Please log in/],
  ['broken JSON', answer(200, '{"id":"resp_1","output":[', { 'content-type': 'application/json' }), /broken JSON/],
  ['JSON that is no response', jsonAnswer(200, { ok: true }), /an object with ok/],
]

describe('an answer with status 200 that is not a response, to a non-streaming Responses call of the drop-in', () => {
  it.each(BAD)('is retried with success: %s', async (_, given) => {
    await using server = await fieldServer([given, OK])
    const { result } = await playFetch({ baseURL: server.baseURL }, ASKED)
    expect(JSON.parse(result?.text ?? '')).toEqual(HELLO_RESPONSE)
    expect(server.requests).toHaveLength(2)
  })

  it.each(BAD)('is a failure once the retries are used: %s', async (_, given, words) => {
    await using server = await fieldServer([given])
    const { baseURL } = server
    const fetched = await playFetch({ baseURL, maxRetries: 1 }, ASKED)
    expect(fetched.error).toMatchObject({ name: 'TypeError', message: 'fetch failed' })
    const hosted = await playOpenAI({ baseURL, maxRetries: 1 }, (openai) => openai.responses.create(ASKED))
    for (const { error } of [fetched, hosted]) {
      const ours = findResilientError(error)
      expect(ours).toMatchObject({ code: 'unexpected_content', giveUpReason: 'retries_exhausted' })
      expect(ours?.message).toMatch(words)
    }
    expect(server.requests).toHaveLength(4)
  })

  it('is not retried if the endpoint could then store two responses', async () => {
    await using server = await fieldServer([answer(200, PAGE)])
    const { error } = await playFetch({ baseURL: server.baseURL }, { ...ASKED, conversation: 'conv_1' })
    expect(findResilientError(error)).toMatchObject({ code: 'unexpected_content', giveUpReason: 'not_replayable' })
    expect(server.requests).toHaveLength(1)
  })

  it('is the answer if it is a failed response, or empty', async () => {
    const failed = { ...HELLO_RESPONSE, status: 'failed', error: { code: 'server_error', message: 'no' } }
    for (const given of [jsonAnswer(200, failed), answer(200, '')]) {
      await using server = await fieldServer([given])
      const { result } = await playFetch({ baseURL: server.baseURL }, ASKED)
      expect(result?.status).toBe(200)
      expect(server.requests).toHaveLength(1)
    }
  })

  it('is passed on unchanged in a passthrough call', async () => {
    await using server = await fieldServer([answer(200, PAGE, { 'content-type': 'text/html' })])
    const text = await withClient({ baseURL: server.baseURL }, async (client) => {
      const response = await client.fetch(`${server.baseURL}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"model":"m"}',
      })
      return response.text()
    })
    expect(text).toBe(PAGE)
    expect(server.requests).toHaveLength(1)
  })
})
