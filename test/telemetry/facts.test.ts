import { describe, expect, it } from 'vitest'
import type { AttemptEndEvent, CallEndEvent, CallStartEvent, TelemetryEvent } from '../../src/index.ts'
import { responseFactsOf } from '../../src/telemetry/response-facts.ts'
import { failedStream, fake, textStream } from '../../src/testing/index.ts'
import { readAll, scenario } from '../client/harness.ts'

const BASE = { baseURL: 'https://api.test/v1' }
const STREAM = textStream({ text: 'planted answer', id: 'resp_7', usage: { inputTokens: 11, outputTokens: 5 } })
const ok = fake.respond(STREAM)
const json = fake.status(200, { body: STREAM.at(-1)?.response as object })

const one = <Type extends TelemetryEvent['type']>(events: readonly TelemetryEvent[], type: Type) =>
  events.find((event) => event.type === type) as Extract<TelemetryEvent, { type: Type }>
const last = <Type extends TelemetryEvent['type']>(events: readonly TelemetryEvent[], type: Type) =>
  events.findLast((event) => event.type === type) as Extract<TelemetryEvent, { type: Type }>

describe('the start of a call tells', () => {
  it.each<[body: object, expected: Partial<CallStartEvent>]>([
    [
      { model: 'gpt-5', reasoning: { effort: 'high' }, service_tier: 'flex', previous_response_id: 'resp_1' },
      { model: 'gpt-5', effort: 'high', tier: 'flex', stream: true, continuation: true },
    ],
    [
      { model: undefined, stream: false },
      { model: undefined, effort: undefined, tier: undefined, stream: false },
    ],
  ])('what is asked for: %j', async (body, expected) => {
    const s = scenario([body && 'stream' in body ? json : ok], BASE)
    await s.settle(s.post(body).then(readAll))
    expect(one(s.events, 'call_start')).toMatchObject(expected)
    await s.nothingIsLeft()
  })

  it('the label of the call, else of the view, else of the client', async () => {
    const s = scenario(() => ok, { ...BASE, label: 'main' })
    await s.settle(s.post().then(readAll))
    const view = s.client.withOptions({ label: 'compression' })
    await s.settle(view.responses.create({ model: 'm' }))
    await s.settle(view.responses.stream({ model: 'm' }, { label: 'title' }).finalResponse())
    await s.settle(s.client.withOptions({ maxRetries: 1 }).responses.create({ model: 'm' }))
    const labels = s.events.flatMap((event) => (event.type === 'call_start' ? [event.label] : []))
    expect(labels).toEqual(['main', 'compression', 'title', 'main'])
    await s.nothingIsLeft()
  })

  it.each(['', 'x'.repeat(101), 5])('no label but a string of 1 to 100 characters: %j is refused', (label) => {
    expect(() => scenario([], { label: label as string })).toThrow(/^label: got .*; accepted: a string of 1 to 100/)
    const { responses } = scenario([], BASE).client
    expect(() => responses.stream({ model: 'm' }, { label: label as string })).toThrow(/^options\.label: got /)
  })
})

describe('the end of a call tells', () => {
  const facts: Partial<CallEndEvent> = {
    outcome: 'completed',
    attempts: 1,
    hedges: 0,
    code: undefined,
    giveUpReason: undefined,
    responseId: 'resp_7',
    responseModel: expect.any(String),
    responseStatus: 'completed',
    usage: { inputTokens: 11, cachedInputTokens: 0, outputTokens: 5, reasoningTokens: 0, totalTokens: 16 },
  }

  it.each<[how: string, call: (s: ReturnType<typeof scenario>) => Promise<unknown>, answer: typeof ok]>([
    ['of a stream of the drop-in', (s) => s.post().then(readAll), ok],
    ['of a whole answer of the drop-in', (s) => s.post({ stream: false }).then(readAll), json],
    ['of a typed stream', (s) => s.client.responses.stream({ model: 'm' }).finalResponse(), ok],
    ['of a whole response', (s) => s.client.responses.create({ model: 'm' }), ok],
  ])('what the response says of itself and what it cost: %s', async (_, call, answer) => {
    const s = scenario([answer], BASE)
    expect((await s.settle(call(s))).error).toBeUndefined()
    expect(one(s.events, 'call_end')).toMatchObject(facts)
    expect(JSON.stringify(s.events)).not.toContain('planted')
    await s.nothingIsLeft()
  })

  it('when its first event came and when its first output, by the attempt that answered', async () => {
    // Created, in progress, an item and its part, and then the first words: 100 ms after each other.
    const slow = [...fake.events(STREAM, { everyMs: 100 }), fake.eof()]
    const s = scenario([fake.connectError('ECONNREFUSED'), slow], BASE)
    await s.settle(s.post().then(readAll))
    const { firstEventMs = -1, firstOutputMs = -1, attempts } = one(s.events, 'call_end')
    const { record } = last(s.events, 'attempt_end')
    expect([attempts, firstEventMs]).toEqual([2, record.firstEventAtMs])
    expect(firstOutputMs - firstEventMs).toBe(400)
    expect(firstEventMs).toBeGreaterThan(0)
  })

  it('why there was no further attempt, and what the endpoint called the failure', async () => {
    const refused = fake.status(429, {
      body: { error: { code: 'insufficient_quota', type: 'billing', message: 'planted' } },
    })
    const s = scenario([refused], BASE)
    await s.settle(s.post().then(readAll))
    expect(one(s.events, 'call_end')).toMatchObject({
      outcome: 'failed',
      code: 'http_status',
      giveUpReason: 'not_retryable',
    })
    const { record } = one(s.events, 'attempt_end') satisfies AttemptEndEvent
    expect(record).toMatchObject({ upstreamCode: 'insufficient_quota', upstreamType: 'billing', status: 429 })
    expect(JSON.stringify(s.events)).not.toContain('planted')
    await s.nothingIsLeft()
  })

  it('the id of a response that failed, in the record of its attempt', async () => {
    const s = scenario([fake.respond(failedStream({ id: 'resp_9', code: 'invalid_prompt' }))], BASE)
    await s.settle(s.post().then(readAll))
    expect(one(s.events, 'attempt_end').record).toMatchObject({ responseId: 'resp_9', upstreamCode: 'invalid_prompt' })
  })

  it('without a listener there is nothing, and records lack the facts that only telemetry needs', async () => {
    const s = scenario([fake.respond(failedStream({ id: 'resp_9', code: 'invalid_prompt' }))], {
      ...BASE,
      onEvent: undefined,
    })
    const { error } = await s.settle(s.client.responses.create({ model: 'm' }))
    expect(error).toMatchObject({ responseId: 'resp_9', attempts: [{ upstreamCode: 'invalid_prompt' }] })
    expect((error as { attempts: object[] }).attempts[0]).not.toHaveProperty('responseId')
  })
})

describe('the facts of a response', () => {
  it.each<[body: unknown, facts: object | undefined]>([
    [null, undefined],
    ['text', undefined],
    [{ response: 5 }, undefined],
    [{ id: 'a sentence of an answer', model: 'm\n', status: 7, usage: 'many' }, undefined],
    [{ usage: { input_tokens: -1, output_tokens: 1.5, total_tokens: '3' } }, undefined],
    [
      { response: { model: 'openai/gpt-5:free', usage: { output_tokens: 3 } } },
      { responseModel: 'openai/gpt-5:free', usage: { outputTokens: 3 } },
    ],
  ])('are names and numbers, and nothing else an endpoint may have put there: %j', (body, facts) => {
    expect(responseFactsOf(body, [])).toEqual(facts)
  })

  it('hold no secret of the request that the endpoint echoes', () => {
    expect(
      JSON.stringify(responseFactsOf({ id: 'sk-secret-123456', model: 'hunter2hunter2' }, ['hunter2hunter2'])),
    ).not.toMatch(/sk-secret|hunter2/)
  })
})
