import { describe, expect, it } from 'vitest'
import { StreamInterruptedError, type TelemetryEvent } from '../../src/index.ts'
import { fieldServer, frames, jsonAnswer, streamAnswer } from './support/field-server.ts'
import { added, broken, completed, created, delta, KEPT, response, unfinished } from './support/kept.ts'
import { playCreate, playFetch, playStream, withClient } from './support/play.ts'

const whole = jsonAnswer(200, response())
const textOf = (events: readonly { readonly type: string }[]) =>
  events.map((event) => (event.type.endsWith('.delta') ? (event as { delta?: string }).delta : '')).join('')

describe.each(['in_progress', 'queued'])('a JSON snapshot of a response that is %s', (status) => {
  const half = jsonAnswer(200, unfinished(status))

  it('in place of a resumed stream leads to polling, not to the end of the iteration', async () => {
    await using server = await fieldServer([broken(created(0), added(1), delta(2, 'hel')), half, whole])
    const { events, result, error } = await playStream({ baseURL: server.baseURL }, KEPT)
    expect(error).toBeUndefined()
    expect(textOf(events)).toBe('hel')
    expect(events.at(-1)).toMatchObject({ type: 'response.completed', response: { status: 'completed' } })
    expect(events.filter(({ type }) => type === 'response.completed')).toHaveLength(1)
    expect(result).toMatchObject({ status: 'completed', output_text: 'hello' })
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /v1/responses',
      'GET /v1/responses/resp_1?stream=true&starting_after=2',
      'GET /v1/responses/resp_1',
    ])
  })

  it('in place of the stream of resume(id) leads to polling', async () => {
    await using server = await fieldServer([half, whole])
    await withClient({ baseURL: server.baseURL }, async (client) => {
      const stream = client.responses.resume('resp_1')
      expect(await stream.finalResponse()).toMatchObject({ status: 'completed', output_text: 'hello' })
    })
  })

  it('in place of a background stream is handed over, because of its id, and polled', async () => {
    await using server = await fieldServer([half, whole])
    const { events, result } = await playStream({ baseURL: server.baseURL }, KEPT)
    expect(events.map(({ type }) => type)).toEqual([`response.${status}`, 'response.completed'])
    expect(result).toMatchObject({ status: 'completed', output_text: 'hello' })
    expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(1)
  })

  it('is polled by a foreground create and stream if it may be stored', async () => {
    for (const play of [playCreate, playStream]) {
      await using server = await fieldServer([half, whole])
      expect((await play({ baseURL: server.baseURL })).result).toMatchObject({ status: 'completed' })
      expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'GET'])
    }
  })

  it('is an interruption if it is not stored, or has no id', async () => {
    for (const [params, body] of [
      [{ store: false }, unfinished(status)],
      [{}, unfinished(status, { id: '' })],
    ] as const) {
      await using server = await fieldServer([jsonAnswer(200, body)])
      for (const { error } of [
        await playCreate({ baseURL: server.baseURL }, params),
        await playStream({ baseURL: server.baseURL }, params),
      ]) {
        expect(error).toBeInstanceOf(StreamInterruptedError)
        expect(error).toMatchObject({ code: 'response_unfinished', retryable: false })
      }
      expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'POST'])
    }
  })

  it('is the answer to create with background, and to retrieve', async () => {
    await using server = await fieldServer([half])
    await withClient({ baseURL: server.baseURL }, async (client) => {
      expect(await client.responses.create({ ...KEPT })).toMatchObject({ id: 'resp_1', status })
      expect(await client.responses.retrieve('resp_1')).toMatchObject({ id: 'resp_1', status })
    })
    expect(server.requests).toHaveLength(2)
  })

  it.each(['completed', 'failed', 'incomplete'])(
    'in response.%s: the type of the event counts, and the contradiction is reported',
    async (type) => {
      const told: TelemetryEvent[] = []
      const terminal = { ...completed(3, { status }), type: `response.${type}` }
      await using server = await fieldServer([streamAnswer(frames(created(0), added(1), delta(2, 'hello'), terminal))])
      const { baseURL } = server
      const options = { baseURL, maxRetries: 0, onEvent: (event: TelemetryEvent) => told.push(event) }
      const { result, error } = await playCreate(options)
      expect((result ?? (error as { response?: object }).response) as object).toMatchObject({ status: type })
      expect(told.filter((event) => event.type === 'event_problem')).toEqual([
        expect.objectContaining({ problem: 'wrong_status', eventType: `response.${type}` }),
      ])
      if (type === 'failed') return
      const folded = await playFetch({ baseURL, upgradeToStream: true }, { model: 'gpt-5', input: 'Hello' })
      expect(JSON.parse(folded.result?.text ?? '')).toMatchObject({ status: type })
    },
  )
})
