import { describe, expect, it } from 'vitest'
import { type CreateOptions, ResilientClient, type ResilientClientOptions } from '../../src/index.ts'
import { type FakeTransport, fake, textStream } from '../../src/testing/index.ts'
import { type CallRecorder, type RecordCallsOptions, recordCalls } from '../../src/timeline/index.ts'
import { scenario } from '../client/harness.ts'

const STREAM = textStream({ text: 'planted-answer', id: 'resp_7', usage: { inputTokens: 11, outputTokens: 5 } })
const ok = fake.respond(STREAM)

type Script = ConstructorParameters<typeof FakeTransport>[0]

function rig(script: Script, options: RecordCallsOptions = {}, more: ResilientClientOptions = {}) {
  const box: { recorder?: CallRecorder } = {}
  const s = scenario(script, {
    baseURL: 'https://api.test/v1?key=planted-query',
    apiKey: 'sk-planted-key',
    instrumentations: [{ onEvent: (event) => box.recorder?.onEvent?.(event) }],
    ...more,
  })
  const recorder = recordCalls({ clock: s.clock, ...options })
  box.recorder = recorder
  const create = async (label?: string, asked: CreateOptions = {}) => {
    const given = label === undefined ? asked : { ...asked, label }
    return s.settle(s.client.responses.create({ model: 'gpt-5', input: 'planted-prompt' }, given))
  }
  return { ...s, recorder, create }
}

describe('recordCalls', () => {
  it('keeps a call with its facts and its attempts, and nothing of its texts', async () => {
    const { create, recorder } = rig([
      fake.status(503, { body: { error: { code: 'planted answer, a sentence' } } }),
      ok,
    ])
    await create('turn')
    const [call] = recorder.calls()
    expect(call).toMatchObject({
      kind: 'stream',
      method: 'POST',
      url: 'https://api.test/v1/responses?[redacted]',
      model: 'gpt-5',
      label: 'turn',
      stream: true,
      outcome: 'completed',
      hedges: 0,
      responseId: 'resp_7',
      usage: { inputTokens: 11, outputTokens: 5 },
      attempts: [
        { attempt: 1, outcome: 'answered', status: 503, code: 'http_status' },
        { attempt: 2, outcome: 'committed', status: 200, committedAtMs: expect.any(Number) },
      ],
    })
    expect(call?.durationMs).toBeGreaterThan(0)
    expect(recorder.toJSONL()).not.toMatch(/planted/)
  })

  it('keeps a call under way as it is, and its snapshot does not change', async () => {
    const { clock, client, recorder, settle, nothingIsLeft } = rig([[...fake.events(STREAM.slice(0, 1)), fake.stall()]])
    const abort = new AbortController()
    const stream = client.responses.stream({ model: 'gpt-5' }, { signal: abort.signal })
    const ended = stream.finalResponse().catch(() => {})
    await clock.advance(2000)
    const before = recorder.calls()
    expect(before).toMatchObject([
      {
        outcome: 'running',
        durationMs: 2000,
        attempts: [{ attempt: 1, outcome: 'running', phase: 'prelude', endedAtMs: 2000 }],
      },
    ])
    abort.abort(new Error('stopped by the user'))
    await settle(ended)
    expect(before[0]?.outcome).toBe('running')
    expect(recorder.calls()).toMatchObject([{ outcome: 'aborted', attempts: [{ outcome: 'aborted' }] }])
    await nothingIsLeft({ allowHangUp: true })
  })

  it('nothing that is done to its snapshot is seen by the next one', async () => {
    const { create, recorder, nothingIsLeft } = rig(() => ok)
    await create()
    const before = structuredClone(recorder.calls())
    for (const call of recorder.calls()) {
      expect(() => Object.assign(call, { label: 'changed' })).toThrow(TypeError)
      expect(() => Object.assign(call.attempts, { 0: undefined })).toThrow(TypeError)
      for (const attempt of call.attempts) expect(() => Object.assign(attempt, { code: 'changed' })).toThrow(TypeError)
    }
    expect(recorder.calls()).toEqual(before)
    await nothingIsLeft()
  })

  it('drops the oldest ended calls above `max`, and no call under way', async () => {
    const isSlow = ({ json }: { readonly json?: unknown }) => (json as { model: string }).model === 'slow'
    const { client, clock, create, recorder, settle } = rig((request) => (isSlow(request) ? fake.stall() : ok), {
      max: 3,
    })
    const abort = new AbortController()
    const slow = client.responses.create({ model: 'slow' }, { signal: abort.signal }).catch(() => 'ended')
    await clock.advance(1)
    for (let n = 0; n < 6; n++) await create(`n${n}`)
    expect(recorder.calls().map(({ model, label }) => label ?? model)).toEqual(['slow', 'n4', 'n5'])
    abort.abort()
    await settle(slow)
    expect(recorder.calls()).toHaveLength(3)
  })

  it('drops the oldest ended calls above `maxBytes`', async () => {
    const { create, recorder } = rig(() => ok, { maxBytes: 6000 })
    for (let n = 0; n < 20; n++) await create(`n${n}`)
    const labels = recorder.calls().map(({ label }) => label)
    expect(labels.length).toBeGreaterThan(2)
    expect(labels.length).toBeLessThan(8)
    expect(labels.at(-1)).toBe('n19')
  })

  it('keeps the first and the last 20 attempts of a call with more', async () => {
    const { create, recorder } = rig(
      () => fake.status(503),
      {},
      { maxRetries: 60, retry: { budget: false, baseDelayMs: 1, maxDelayMs: 1 } },
    )
    expect(await create()).toHaveProperty('error')
    const [call] = recorder.calls()
    expect(call?.attempts.map(({ attempt }) => attempt)).toEqual([
      ...Array.from({ length: 20 }, (_, n) => n + 1),
      ...Array.from({ length: 20 }, (_, n) => n + 42),
    ])
    expect(call).toMatchObject({ attemptsLeftOut: 21, giveUpReason: 'retries_exhausted', outcome: 'failed' })
  })

  it('records several clients in one recorder, oldest first', async () => {
    const one = rig(() => ok)
    const { transport, clock } = one
    const two = new ResilientClient({
      baseURL: 'https://b.test/v1',
      transport,
      clock,
      instrumentations: [one.recorder],
    })
    await one.create('a')
    await clock.advance(5)
    await one.settle(two.responses.create({ model: 'm' }, { label: 'b' }))
    await clock.advance(5)
    await one.create('c')
    expect(one.recorder.calls().map(({ label }) => label)).toEqual(['a', 'b', 'c'])
  })

  it('cuts texts that the caller chose', async () => {
    const { client, settle, recorder } = rig(() => ok)
    await settle(client.responses.create({ model: 'm', reasoning: { effort: 'x'.repeat(5000) as 'high' } }))
    expect(recorder.calls()[0]?.effort).toHaveLength(100)
  })

  it.each<[RecordCallsOptions, RegExp]>([
    [{ max: 0 }, /^max: got 0; accepted: a whole number from 1 to 100000\.$/],
    [{ max: 1.5 }, /^max: got 1.5/],
    [{ maxBytes: -1 }, /^maxBytes: got -1; accepted: a whole number of bytes/],
    [{ limit: 5 } as object, /^Unknown option 'limit' of recordCalls\(\); accepted are max, maxBytes, clock\.$/],
  ])('refuses %j', (options, message) => {
    expect(() => recordCalls(options)).toThrow(message)
  })
})
