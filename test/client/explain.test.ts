import { describe, expect, it } from 'vitest'
import { explain, findResilientError, ResilientClient } from '../../src/index.ts'
import { fake, textStream } from '../../src/testing/index.ts'
import { readAll, scenario } from './harness.ts'

const ok = textStream({ text: 'hello' })

describe('explain', () => {
  it('tells of an error which deadline fired, its value and source, and why there was no further retry', async () => {
    const s = scenario([fake.stall(), fake.status(503), fake.reset()], { timeouts: { ttfbMs: 5000 }, maxRetries: 2 })
    const { error } = await s.settle(s.post())
    const lines = explain(error)?.split('\n') ?? []
    expect(lines).toEqual([
      'attempt 1 at 0 ms: connected in 0 ms, cut while waiting by the ttfb deadline of 5 s (option)',
      expect.stringMatching(/^attempt 2 at 5(?:\.\d)? s: .*answered 503, http_status while waiting, after 0 ms$/),
      expect.stringMatching(/^attempt 3 at .*connection_reset while \w+, after 0 ms$/),
      expect.stringMatching(/^connection_reset: .* No further attempt: all retries were used \(`maxRetries`\)\.$/),
    ])
    expect(findResilientError(error)?.explain()).toBe(explain(error))
    await s.nothingIsLeft()
  })

  it('tells of a response what it took: a hedge and its cause', async () => {
    const s = scenario([fake.stall(), fake.respond(ok)], { hedge: true })
    const { value } = await s.settle(s.post())
    await readAll(value as Response)
    expect(explain(value)).toBe(
      [
        'attempt 1 at 0 ms: connected in 0 ms, given up after 10 s for another attempt',
        'attempt 2 at 10 s (hedge): the one before had been silent for 10 s, dead with 80 %, connected in 0 ms, answered 200, first event after 0 ms, handed over, whole after 0 ms',
      ].join('\n'),
    )
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('tells of a typed stream the same, while it runs and afterwards', async () => {
    const s = scenario([fake.reset(), fake.respond(ok)], { apiKey: 'sk-test' })
    const stream = s.client.responses.stream({ model: 'm', input: 'hi' })
    expect(stream.explain()).toBe('')
    await s.settle(stream.finalResponse())
    expect(explain(stream)).toBe(stream.explain())
    expect(stream.explain().split('\n')).toHaveLength(2)
    await s.nothingIsLeft()
  })

  it('knows nothing of what is not ours', async () => {
    expect(explain(new Response())).toBeUndefined()
    expect(explain(new Error('x'))).toBeUndefined()
    expect(explain(undefined)).toBeUndefined()
  })

  it.each([
    [
      'budget_exhausted',
      { retry: { budget: { capacity: 1, depositPerSuccess: 0, refillPerMinute: 0 } } },
      'retry.budget',
    ],
    ['hint_too_long', { retry: { maxHintMs: 10 } }, 'retry.maxHintMs'],
    ['not_retryable', {}, 'asking again would not help'],
  ] as const)('says what %s means', async (reason, options, words) => {
    const status = reason === 'not_retryable' ? 400 : 503
    const headers = reason === 'hint_too_long' ? { 'retry-after': '5' } : {}
    const s = scenario(() => fake.status(status, { headers }), options)
    const client = new ResilientClient({ transport: s.transport, clock: s.clock, ...options })
    const { error } = await s.settle(client.responses.create({ model: 'm', input: 'hi' }))
    expect(error).toMatchObject({ giveUpReason: reason })
    expect(explain(error)).toContain(words)
  })
})
