import { describe, expect, inject, it, vi } from 'vitest'
import { findResilientError, isResilientError, type ResilientClient } from '../../src/index.ts'
import { seededRandom } from '../../src/testing/index.ts'
import { outcomeOf } from '../e2e/support/calls.ts'
import { aimockWorld, type Step, TYPED } from './support/aimock.ts'
import { answerOf, type HostClient, read } from './support/host.ts'
import { loadHosts } from './support/hosts.ts'

const TEXT = 'The answer, in a few words: forty-two.'
const OK: Step = { response: { content: TEXT } }
/** Their server pauses between two chunks, so that each has left the process before the connection is cut. */
const PACED = { latency: 1, chunkSize: 8 }
const CALL = { id: 'call_1', name: 'get_weather', arguments: '{"city":"Oslo","days":[1,2,3]}' }

interface Face {
  readonly name: string
  readonly kind: 'typed' | 'openai' | 'ai' | 'agents'
  connect(client: ResilientClient, baseURL: string): HostClient
  describe(error: unknown): string
}

const FACES: Face[] = [
  {
    name: TYPED.name,
    kind: 'typed',
    connect: TYPED.connect,
    describe: (error) => (isResilientError(error) ? error.code : String(error)),
  },
  ...(await loadHosts(inject('full'))).map(
    (host): Face => ({
      name: host.name,
      kind: host.kind,
      connect: ({ fetch }, baseURL) => host.connect({ baseURL, fetch, maxRetries: 0 }),
      describe: host.describe,
    }),
  ),
]

describe.each(FACES)('$name against a mock server that others have written', ({ kind, connect, describe: nameOf }) => {
  const play = (...steps: Step[]) => aimockWorld(connect, steps)

  it('streams a text in small pieces, and gets it in one', async () => {
    await using world = await play({ ...OK, chunkSize: 3 }, OK)
    expect(await answerOf(world.host.stream())).toMatchObject({ text: TEXT, finished: true })
    expect(await world.host.create()).toMatchObject({ text: TEXT, finished: true })
    expect(world.statuses()).toEqual([200, 200])
  })

  it('gets a tool call with its arguments whole', async () => {
    const step: Step = { response: { toolCalls: [CALL] }, chunkSize: 4 }
    await using world = await play(step, step)
    const expected = [{ name: 'get_weather', input: { city: 'Oslo', days: [1, 2, 3] } }]
    expect((await answerOf(world.host.stream())).toolCalls).toEqual(expected)
    expect((await world.host.create()).toolCalls).toEqual(expected)
  })

  it('gets two tool calls of one answer after a text', async () => {
    const second = { id: 'call_2', name: 'get_weather', arguments: '{"city":"Rome"}' }
    await using world = await play({ response: { content: 'Looking.', toolCalls: [CALL, second] }, chunkSize: 4 })
    const answer = await answerOf(world.host.stream())
    expect(answer.toolCalls.map(({ input }) => (input as { city: string }).city)).toEqual(['Oslo', 'Rome'])
    // agents-js ends at the first tool; its text is not part of what it returns, but was streamed.
    expect(answer.text).toBe('Looking.')
  })

  it('streams a reasoning summary before the text', async () => {
    await using world = await play({ response: { content: TEXT, reasoning: 'Six times seven.' }, chunkSize: 5 })
    const answer = await answerOf(world.host.stream())
    expect(answer.text).toBe(TEXT)
    // agents-js has no part for a summary in its model events.
    if (kind !== 'agents') expect(answer.reasoning).toBe('Six times seven.')
  })

  it.for([
    [400, { message: 'Bad input.', type: 'invalid_request_error', param: 'input' }],
    [401, { message: 'No key.', type: 'invalid_request_error', code: 'invalid_api_key' }],
    [404, { message: 'No such model.', type: 'invalid_request_error', code: 'model_not_found' }],
    [429, { message: 'Pay.', type: 'insufficient_quota', code: 'insufficient_quota' }],
  ] as const)('is told of a final %i after one request', async ([status, error]) => {
    const refused: Step = { response: { status, error } }
    await using world = await play(refused, OK, refused, OK)
    const streamed = await read(world.host.stream())
    expect(streamed.error, nameOf(streamed.error)).toBeDefined()
    expect(world.statuses()).toEqual([status])
    await using other = await play(refused, OK)
    const { error: created } = await outcomeOf(other.host.create())
    expect(other.statuses()).toEqual([status])
    for (const thrown of [streamed.error, created]) {
      expect(String((thrown as Error).message)).toContain(error.message)
    }
  })

  it.for<[string, Step, number]>([
    ['503', { response: { status: 503, error: { message: 'Busy.', type: 'server_error' } } }, 503],
    ['500', { response: { status: 500, error: { message: 'Broken.', type: 'server_error' } } }, 500],
    [
      '429 with a hint of 2 s',
      { response: { status: 429, error: { message: 'Slow.', code: 'rate_limit_exceeded' }, retryAfter: 2 } },
      429,
    ],
    ['its chaos, a dropped request (500, `chaos_drop`)', { ...OK, chaos: { dropRate: 1 } }, 500],
    ['its chaos, a rate limit (429, `chaos_ratelimit`)', { ...OK, chaos: { rateLimitRate: 1 } }, 429],
    ['its chaos, a closed connection', { ...OK, chaos: { disconnectRate: 1 } }, 0],
  ])('recovers from %s, streamed and not', async ([, step, status]) => {
    await using world = await play(step, OK, step, OK)
    expect(await answerOf(world.host.stream())).toMatchObject({ text: TEXT, finished: true })
    expect(await world.host.create()).toMatchObject({ text: TEXT, finished: true })
    expect(world.statuses()).toEqual([status, 200, status, 200])
  })

  it('recovers from its chaos, broken JSON in the place of a stream', async () => {
    await using world = await play({ ...OK, chaos: { malformedRate: 1 } }, OK)
    expect(await answerOf(world.host.stream())).toMatchObject({ text: TEXT, finished: true })
    expect(world.events.filter(({ type }) => type === 'attempt_start')).toHaveLength(2)
  })

  it('never takes its chaos, broken JSON in the place of an answer, for a result', async () => {
    await using world = await play({ ...OK, chaos: { malformedRate: 1 } }, OK)
    expect(await world.host.create()).toMatchObject({ text: TEXT, finished: true })
  })

  it('recovers from a stream that is cut before output', async () => {
    await using world = await play({ ...OK, ...PACED, truncateAfterChunks: 2 }, OK)
    expect(await answerOf(world.host.stream())).toMatchObject({ text: TEXT, finished: true })
    expect(world.statuses()).toEqual([200, 200])
  })

  it('never takes a stream that is cut after output for a whole one', async () => {
    await using world = await play({ ...OK, ...PACED, truncateAfterChunks: 6 }, OK)
    const { answer, error } = await read(world.host.stream())
    expect(answer.finished).toBe(false)
    expect(TEXT.startsWith(answer.text)).toBe(true)
    expect(answer.text).not.toBe('')
    expect(findResilientError(error)?.code).toMatch(/connection_closed|connection_reset|stream_incomplete/)
    expect(world.statuses()).toEqual([200])
  })

  it('gets every answer whole through its chaos at random, 30 calls at once', async () => {
    // aimock draws from `Math.random`, the client from its own source.
    const random = vi.spyOn(Math, 'random').mockImplementation(seededRandom(60))
    try {
      const chaos = { dropRate: 0.1, malformedRate: 0.1, rateLimitRate: 0.1, disconnectRate: 0.1 }
      const options = { maxRetries: 12, retry: { budget: false, baseDelayMs: 1, maxDelayMs: 2 } } as const
      const steps = Array.from({ length: 400 }, (): Step => ({ ...OK, chaos }))
      await using world = await aimockWorld(connect, steps, {
        ...options,
        random: seededRandom(61),
        timeouts: { ttfbMs: 900_000 },
      })
      const answers = await Promise.all(Array.from({ length: 30 }, () => answerOf(world.host.stream())))
      expect(answers.filter(({ text, finished }) => text === TEXT && finished)).toHaveLength(30)
      expect(world.statuses().length).toBeGreaterThan(35)
    } finally {
      random.mockRestore()
    }
  })
})
