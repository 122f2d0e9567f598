import { describe, expect, it } from 'vitest'
import { ConfigurationError, isResilientError, ResilientError } from '../../src/index.ts'
import { type Answer, answer, dataFrames, fieldServer, jsonAnswer, streamAnswer } from './support/field-server.ts'
import { ASKED, playCreate, playFetch, playOpenAI, playStream, withClient } from './support/play.ts'

const DEPTH = 100_000
const DEEP = `${'[{"a":'.repeat(DEPTH / 2)}1${'}]'.repeat(DEPTH / 2)}`
const CREATED = { type: 'response.created', response: { id: 'resp_1', object: 'response', status: 'in_progress' } }
const COMPLETED = `{"type":"response.completed","response":{"id":"resp_1","object":"response","status":"completed","output":[],"metadata":${DEEP}}}`

/** With its beginning, as the title of a test. */
function named(text: string): [name: string, text: string] {
  return [text.slice(0, 50), text]
}

/** How deep JSON is, without recursion. */
function depthOf(root: unknown): number {
  let depth = 0
  let level: unknown[] = [root]
  while (level.length > 0) {
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []))
    depth++
  }
  return depth
}

describe('JSON that is 100 000 levels deep', () => {
  it('in the terminal event is handed over unchanged by every face', async () => {
    await using server = await fieldServer([streamAnswer(dataFrames(CREATED, COMPLETED))])
    const { baseURL } = server
    for (const { result, error } of [await playCreate({ baseURL }), await playStream({ baseURL })]) {
      expect(error).toBeUndefined()
      expect(depthOf(result)).toBeGreaterThan(DEPTH)
    }
    const upgraded = await playFetch({ baseURL, upgradeToStream: true }, ASKED)
    expect(upgraded.error).toBeUndefined()
    expect(depthOf(JSON.parse(upgraded.result?.text ?? ''))).toBeGreaterThan(DEPTH)

    const hosted = await playOpenAI({ baseURL, upgradeToStream: true }, (openai) => openai.responses.create(ASKED))
    expect(hosted.error).toBeUndefined()
    expect(hosted.result?.id).toBe('resp_1')
  })

  it.each(
    [
      `{"type":"response.created","response":{"id":"resp_1","status":"in_progress","metadata":${DEEP}}}`,
      `{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","arguments":${DEEP}}}`,
      `{"type":"response.output_item.done","output_index":0,"item":{"type":"message","content":${DEEP}}}`,
      `{"type":"response.content_part.added","output_index":0,"content_index":0,"part":{"type":"output_text","x":${DEEP}}}`,
      `{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"a","logprobs":${DEEP}}`,
      `{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":${DEEP}}`,
      `{"type":"codex.strange","x":${DEEP}}`,
      DEEP,
    ].map(named),
  )('in another event harms nothing: %s', async (_name, event) => {
    const end = { type: 'response.completed', response: { id: 'resp_1', object: 'response', status: 'completed' } }
    await using server = await fieldServer([streamAnswer(dataFrames(event, event, end))])
    const { baseURL } = server
    expect((await playCreate({ baseURL, onEvent() {} })).error).toBeUndefined()
    await withClient({ baseURL }, async (client) => {
      const lines = await new Response(client.responses.stream(ASKED).toReadableStream()).text()
      expect(lines.split('\n')).toHaveLength(4)
    })
  })

  it.each([
    ['a failure', streamAnswer(dataFrames(`{"type":"error","error":{"code":"invalid_prompt","param":${DEEP}}}`))],
    ['an error status', jsonAnswer(400, { error: { code: 'invalid_prompt' } })],
  ])('in %s is an error of ours', async (_name, script) => {
    await using server = await fieldServer([script])
    expect((await playCreate({ baseURL: server.baseURL })).error).toBeInstanceOf(ResilientError)
  })

  it('in a request is refused, or sent unchanged by the drop-in', async () => {
    const end = { type: 'response.completed', response: { id: 'resp_1', object: 'response', status: 'completed' } }
    await using server = await fieldServer([streamAnswer(dataFrames(end))])
    const { baseURL } = server
    const refused = await playCreate({ baseURL }, { input: JSON.parse(DEEP) })
    expect(refused.error).toBeInstanceOf(ConfigurationError)
    expect(String(refused.error)).toContain('nested too deeply')
    expect(server.requests).toHaveLength(0)

    await withClient({ baseURL, upgradeToStream: true }, async (client) => {
      const init = { method: 'POST', headers: { 'content-type': 'application/json' } }
      const response = await client.fetch(`${baseURL}/responses`, { ...init, body: `{"model":"m","input":${DEEP}}` })
      expect(await response.json()).toMatchObject({ id: 'resp_1' })
    })
    expect(server.requests[0]?.body.toString()).toContain(DEEP)
  })
})

describe('words of a failure in an unexpected type', () => {
  const words = ['{"toString":1,"valueOf":2}', '[[]]', '5', 'true', '{"message":{"toString":null}}', DEEP].map(named)
  const failed = (word: string) =>
    `{"id":"resp_1","object":"response","status":"failed","error":{"code":${word},"message":${word}}}`

  it.each(words)('cause no raw error, in a stream and in a whole answer: %s', async (_name, word) => {
    const stream = streamAnswer(dataFrames(`{"type":"response.failed","response":${failed(word)}}`))
    const whole = answer(200, failed(word), { 'content-type': 'application/json' })
    for (const script of [stream, whole]) {
      await using server = await fieldServer([script])
      const { error } = await playStream({ baseURL: server.baseURL, maxRetries: 0 })
      expect(error).toBeInstanceOf(ResilientError)
    }
  })

  it.each(words)('cause no raw error in the state of a background response: %s', async (_name, word) => {
    await using server = await fieldServer([
      cut(dataFrames({ ...CREATED, sequence_number: 0 })),
      (request) =>
        request.path.includes('stream=true')
          ? jsonAnswer(404, {})
          : answer(200, failed(word), { 'content-type': 'application/json' }),
    ])
    const { error } = await playStream({ baseURL: server.baseURL }, { background: true, store: true })
    expect(error).toMatchObject({ name: 'ResponseFailedError', response: { id: 'resp_1' } })
  })
})

/** As it stands between quotes in JSON. */
const UNUSABLE_IDS = ['\\ud800', 'resp_\\udc00', '.', '..', 'i'.repeat(10_000)]

describe('an id that cannot be part of an address', () => {
  it.each(UNUSABLE_IDS.map(named))('causes no raw error, and no request to another address: %s', async (_name, id) => {
    const created = `{"type":"response.created","sequence_number":0,"response":{"id":"${id}","object":"response","status":"in_progress"}}`
    const delta =
      '{"type":"response.output_text.delta","sequence_number":1,"output_index":0,"content_index":0,"delta":"a"}'
    const completed = `{"type":"response.completed","sequence_number":2,"response":{"id":"${id}","object":"response","status":"completed","output":[]}}`
    await using broken = await fieldServer([cut(dataFrames(created, delta))])
    const params = { background: true, store: true }
    const streamed = await playStream({ baseURL: broken.baseURL }, params)
    expect(isResilientError(streamed.error)).toBe(true)
    expect(broken.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /v1/responses'])

    await using whole = await fieldServer([streamAnswer(dataFrames(created, delta, completed))])
    const { baseURL } = whole
    expect((await playCreate({ baseURL })).error).toBeUndefined()
    expect((await playFetch({ baseURL, upgradeToStream: true }, ASKED)).error).toBeUndefined()
    expect((await playOpenAI({ baseURL, upgradeToStream: true }, (host) => host.responses.create(ASKED))).error).toBe(
      undefined,
    )

    await withClient({ baseURL }, async (client) => {
      const given = JSON.parse(`"${id}"`)
      await expect(client.responses.retrieve(given)).rejects.toBeInstanceOf(ConfigurationError)
      await expect(client.responses.cancel(given)).rejects.toBeInstanceOf(ConfigurationError)
      expect(() => client.responses.resume(given)).toThrow(ConfigurationError)
    })
  })

  it.each(['../../admin', 'a/b', '%2e%2e', '..%2f', 'a?b=c', 'a#b', 'ü', '\\n'])(
    'that looks like a path stays one segment below responses/: %s',
    async (id) => {
      const created = `{"type":"response.created","sequence_number":0,"response":{"id":"${id}","object":"response","status":"in_progress"}}`
      const completed = `{"type":"response.completed","sequence_number":1,"response":{"id":"${id}","object":"response","status":"completed","output":[]}}`
      await using server = await fieldServer([cut(dataFrames(created)), streamAnswer(dataFrames(completed))])
      const params = { background: true, store: true }
      expect((await playStream({ baseURL: server.baseURL }, params)).error).toBeUndefined()
      expect(server.requests[1]?.path.split('?')[0]).toBe(`/v1/responses/${encodeURIComponent(JSON.parse(`"${id}"`))}`)
    },
  )
})

/** A stream that ends, with its connection in order, before its terminal event. */
function cut(body: string): Answer {
  return streamAnswer(body)
}
