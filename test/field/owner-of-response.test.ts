import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { fetchTransport, ResilientClient, type ResilientClientOptions } from '../../src/index.ts'
import type { RawRequest } from '../support/http-request.ts'
import { type Answer, fieldServer, frames, jsonAnswer } from './support/field-server.ts'
import { ASKED, QUICK } from './support/play.ts'

const ENDS: Pick<Answer, 'then'> = Object.fromEntries([['then', 'end']])
const response = (id: string, status: string) => ({ id, object: 'response', status, output: [] })

/** An endpoint with responses of its own: it knows no others, and streams one that never ends. */
function endpoint(name: string) {
  let made = 0
  return fieldServer([
    ({ method, path, body }: RawRequest): Answer => {
      if (path.includes('/conversations')) return jsonAnswer(200, { object: 'conversation', id: `conv_${name}` })
      if (method === 'GET' || path.endsWith('/cancel')) {
        const known = path.includes(`/resp_${name}`)
        return known
          ? jsonAnswer(200, response(/resp_\w+/.exec(path)?.[0] ?? '', 'cancelled'))
          : jsonAnswer(404, { error: { message: 'unknown' } })
      }
      const text = body.toString()
      const { previous_response_id: previous, stream } = JSON.parse(text)
      if (typeof previous === 'string' && !previous.startsWith(`resp_${name}`))
        return jsonAnswer(400, { error: { code: 'previous_response_not_found', message: 'unknown' } })
      const id = `resp_${name}_${++made}`
      if (stream !== true) return jsonAnswer(200, response(id, 'completed'))
      const events = frames({ type: 'response.created', response: response(id, 'in_progress'), sequence_number: 0 })
      const delta = frames({
        type: 'response.output_text.delta',
        delta: 'a',
        item_id: 'm',
        output_index: 0,
        content_index: 0,
        sequence_number: 1,
      })
      const end = text.includes('"forever"')
        ? ''
        : frames({ type: 'response.completed', response: response(id, 'completed'), sequence_number: 2 })
      const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n'
      return { bytes: `${head}${events}${delta}${end}`, ...(end !== '' && ENDS) }
    },
  ])
}

/** Two endpoints; what is asked for first goes to B, although the caller addresses A. */
async function world(options: ResilientClientOptions = {}) {
  const a = await endpoint('a')
  const b = await endpoint('b')
  const endpoints = [
    { baseURL: a.baseURL, weight: 1e-6 },
    { baseURL: b.baseURL, headers: {}, weight: 1e6 },
  ]
  const client = new ResilientClient({ ...QUICK, apiKey: 'sk-field', endpoints, ...options })
  const openai = new OpenAI({ apiKey: 'sk-field', baseURL: a.baseURL, fetch: client.fetch, maxRetries: 0 })
  return {
    a,
    b,
    client,
    openai,
    [Symbol.asyncDispose]: async () => {
      await client.destroy()
      await Promise.all([a, b].map((server) => server[Symbol.asyncDispose]()))
    },
  }
}

describe('requests about a response go to its owner, from the moment its id was seen', () => {
  it('made without a stream, and continued: openai and the typed face', async () => {
    await using w = await world()
    const first = await w.openai.responses.create(ASKED)
    expect(first.id).toMatch(/^resp_b/)
    await w.openai.responses.create({ ...ASKED, previous_response_id: first.id })
    await w.openai.responses.inputItems.list(first.id)
    const typed = await w.client.responses.create(ASKED)
    await w.client.responses.create({ ...ASKED, previous_response_id: typed.id })
    expect([w.a.requests.length, w.b.requests.length]).toEqual([0, 5])
  })

  it('made in the background, then read and cancelled: openai and the typed face', async () => {
    await using w = await world()
    const hosted = await w.openai.responses.create({ ...ASKED, background: true })
    await w.openai.responses.retrieve(hosted.id)
    await w.openai.responses.cancel(hosted.id)
    const typed = await w.client.responses.create({ ...ASKED, background: true })
    await w.client.responses.retrieve(typed.id)
    await w.client.responses.cancel(typed.id)
    expect([w.a.requests.length, w.b.requests.length]).toEqual([0, 6])
  })

  it('cancelled while its stream runs: openai and the typed face', async () => {
    await using w = await world()
    const hosted = await w.openai.responses.create({ ...ASKED, input: 'forever', stream: true })
    for await (const event of hosted) {
      if (event.type === 'response.created') await w.openai.responses.cancel(event.response.id)
      if (event.type === 'response.output_text.delta') break
    }
    const typed = w.client.responses.stream({ ...ASKED, input: 'forever' })
    for await (const event of typed) {
      if (event.type === 'response.created') await w.client.responses.cancel(event.response.id)
      if (event.type === 'response.output_text.delta') break
    }
    expect([w.a.requests.length, w.b.requests.length]).toEqual([0, 4])
  })

  it.each<[string, ResilientClientOptions]>([
    ['', {}],
    [', over a fetch whose response is handed out untouched', { transport: fetchTransport(fetch) }],
  ])('and so is a conversation%s', async (_, options) => {
    await using w = await world(options)
    const { id } = await w.openai.conversations.create()
    await w.openai.conversations.retrieve(id)
    await w.openai.responses.create({ ...ASKED, conversation: id })
    expect([id, w.a.requests.length, w.b.requests.length]).toEqual(['conv_b', 0, 3])
  })

  it('the caller gets the answer unchanged', async () => {
    await using w = await world()
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(ASKED) }
    const answer = await w.client.fetch(`${w.a.baseURL}/responses`, init)
    expect(await answer.text()).toBe(JSON.stringify(response('resp_b_1', 'completed')))
  })
})

describe('endpointOf', () => {
  const A = 'https://a.test/v1'
  const B = 'https://b.test/v1'

  it('may return a promise, which is awaited', async () => {
    const [a, b] = [await endpoint('a'), await endpoint('b')]
    const endpoints = [{ baseURL: a.baseURL }, { baseURL: b.baseURL }]
    const asked: string[] = []
    const endpointOf = async (id: string) => {
      asked.push(id)
      await Promise.resolve()
      return b.baseURL
    }
    const client = new ResilientClient({ ...QUICK, endpoints, endpointOf })
    await client.responses.create({ ...ASKED, previous_response_id: 'resp_b_0' })
    await client.responses.retrieve('resp_b_0')
    expect([a.requests.length, b.requests.length, asked]).toEqual([0, 2, ['resp_b_0', 'resp_b_0']])
    await client.destroy()
    await Promise.all([a, b].map((server) => server[Symbol.asyncDispose]()))
  })

  it.each<[what: string, endpointOf: () => never]>([
    [
      'that throws',
      () => {
        throw new Error('no database')
      },
    ],
    ['that rejects', (() => Promise.reject(new Error('no database'))) as () => never],
    ['that returns a number', (() => 5) as () => never],
  ])('%s is an error of ours, on every face, and nothing else', async (_, endpointOf) => {
    const unhandled: unknown[] = []
    const note = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', note)
    const client = new ResilientClient({ ...QUICK, endpoints: [{ baseURL: A }, { baseURL: B }], endpointOf })
    const params = { ...ASKED, previous_response_id: 'resp_0' }
    const faces = [
      () => client.responses.stream(params).finalResponse(),
      () => client.responses.create(params),
      () => client.responses.retrieve('resp_0'),
      () => client.responses.resume('resp_0').finalResponse(),
    ]
    for (const face of faces) await expect(face()).rejects.toMatchObject({ name: 'RequestError', code: 'hook_failed' })
    const init = { method: 'POST', body: JSON.stringify({ ...params, stream: true }) }
    await expect(client.fetch(`${A}/responses`, init)).rejects.toMatchObject({
      name: 'TypeError',
      cause: { code: 'hook_failed' },
    })
    await new Promise<void>((resolve) => systemClock.afterIO(resolve))
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
    await client.destroy()
  })
})
