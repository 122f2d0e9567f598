import { describe, expect, it } from 'vitest'
import { explain, findResilientError, ResilientClient } from '../../src/index.ts'
import { fake, textStream } from '../../src/testing/index.ts'
import { readAll, scenario } from './harness.ts'

const ok = textStream({ text: 'hello' })

describe('explain', () => {
  it('keeps the advice of the message about an endpoint that stays silent', async () => {
    const s = scenario([fake.stall()], { timeouts: { ttfbMs: 5000 }, maxRetries: 0 })
    const { error } = await s.settle(s.client.responses.create({ model: 'm', input: 'hi' }))
    const advice = /the endpoint is silent, or a proxy in front of it .*docs\/proxies\.md\)/
    expect((error as Error).message).toMatch(advice)
    expect(explain(error)).toMatch(advice)
    await s.nothingIsLeft()
  })

  it('tells of an error which deadline fired, its value and source, and why there was no further retry', async () => {
    const s = scenario([fake.stall(), fake.status(503), fake.reset()], { timeouts: { ttfbMs: 5000 }, maxRetries: 2 })
    const { error } = await s.settle(s.post())
    const lines = explain(error)?.split('\n') ?? []
    expect(lines).toEqual([
      'attempt 1 at 0 ms (call began 2026-01-01T00:00:00.000Z): connected in 0 ms, cut by the ttfb deadline of 5 s (option), while waiting',
      expect.stringMatching(/^attempt 2 at 5(?:\.\d)? s: .*connected in 0 ms, answered 503 after 0 ms$/),
      expect.stringMatching(/^attempt 3 at .*connection_reset after 0 ms, while \w+$/),
      expect.stringMatching(/^connection_reset: .* No further attempt: all retries are used \(`maxRetries`\)\.$/),
    ])
    expect(findResilientError(error)?.explain()).toBe(explain(error))
    expect(JSON.parse(JSON.stringify(findResilientError(error)))).toMatchObject({
      startedAt: '2026-01-01T00:00:00.000Z',
    })
    await s.nothingIsLeft()
  })

  it('tells of a response what it took: a hedge and its cause', async () => {
    const s = scenario([fake.stall(), fake.respond(ok)], { hedge: true })
    const { value } = await s.settle(s.post())
    await readAll(value as Response)
    expect(explain(value)).toBe(
      [
        'attempt 1 at 0 ms (call began 2026-01-01T00:00:00.000Z): connected in 0 ms, given up after 10 s for another attempt',
        'attempt 2 at 10 s (hedge): the previous one was silent for 10 s, 80 % likely dead, connected in 0 ms, answered 200, first event after 0 ms, complete after 0 ms',
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

  it('says of an answer that was handed over why it was not asked for again', async () => {
    const s = scenario(() => fake.status(429, { headers: { 'retry-after': '2' } }), { maxRetries: 1 })
    const { value } = await s.settle(s.post())
    expect((value as Response).status).toBe(429)
    expect(explain(value)?.split('\n').at(-1)).toBe(
      'http_status: The endpoint answered with an error status. No further attempt: all retries are used (`maxRetries`). The endpoint asked to wait 2 s.',
    )
    await s.nothingIsLeft()
    const refused = scenario([fake.status(400)])
    expect(explain((await refused.settle(refused.post())).value)).toMatch(
      /\nhttp_status: .* No further attempt: a retry would not help\.$/,
    )
    await refused.nothingIsLeft()
  })

  it('gives the value of a deadline that ended the call between two attempts, or before the first', async () => {
    const s = scenario(() => fake.stall(), { concurrency: { calls: 1, queueMs: 3000 } })
    const first = s.post()
    expect(explain((await s.settle(s.post())).error)).toBe(
      'queue_timeout: The call had to wait for a permit longer than concurrency.queueMs. Nothing was sent. The queue deadline was 3 s (option).',
    )
    s.controller.abort()
    await s.settle(first)
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it.each([
    ['total_timeout', { timeouts: { totalMs: 5000 } }, 'The whole call took longer than timeouts.totalMs.'],
    [
      'before_commit_timeout',
      { beforeCommitMs: 5000 },
      'No first event within beforeCommitMs, retries included (drop-in only).',
    ],
  ] as const)('says only that the time was over: %s', async (code, options, meaning) => {
    const s = scenario([fake.stall()], options)
    const { error } = await s.settle(s.post())
    expect(explain(error)?.split('\n')).toEqual([
      expect.stringMatching(/^attempt 1 .* cut by the (?:total|before_commit) deadline of 5 s \(\w+\), while waiting$/),
      `${code}: ${meaning}`,
    ])
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('says of a stream that the caller ended it, and when', async () => {
    let isBusy = false
    const s = scenario(() => (isBusy ? fake.status(503) : fake.stall()), {
      retry: { baseDelayMs: 20_000 },
      concurrency: { calls: 1 },
    })
    const ask = () => s.client.responses.stream({ model: 'm', input: 'hi' })
    const waiting = ask()
    await s.clock.advance(5000)
    const queued = ask()
    await s.clock.settle()
    queued.abort()
    await s.settle(queued.finalResponse())
    expect(explain(queued)).toBe('aborted by the caller before anything was sent')
    waiting.abort()
    await s.settle(waiting.finalResponse())
    expect(explain(waiting)).toBe(
      'attempt 1 at 0 ms (call began 2026-01-01T00:00:00.000Z): connected in 0 ms, aborted by the caller after 5 s, while waiting',
    )
    isBusy = true
    const backingOff = ask()
    await s.clock.advance(1)
    backingOff.abort()
    await s.settle(backingOff.finalResponse())
    expect(explain(backingOff)?.split('\n')).toEqual([
      'attempt 1 at 0 ms (call began 2026-01-01T00:00:05.000Z): connected in 0 ms, answered 503 after 0 ms',
      'aborted by the caller before the next attempt',
    ])
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('says of a stream why it failed, as its error does', async () => {
    const events = ok.slice(0, ok.findIndex(({ type }) => type.endsWith('.delta')) + 1)
    const s = scenario([[fake.events(events), fake.reset()].flat()])
    const stream = s.client.responses.stream({ model: 'm', input: 'hi' })
    const { error } = await s.settle(stream.finalResponse())
    expect(explain(error)).toMatch(
      /\nconnection_reset: .* No further attempt: a part of the answer was already handed over\.$/,
    )
    expect(explain(stream)).toBe(explain(error))
    await s.nothingIsLeft()
  })

  it('numbers the attempts of a background response over all its calls', async () => {
    const events = textStream({ text: 'hello', background: true })
    const cut = (from: number, to: number, afterMs: number) =>
      [fake.events(events.slice(from, to)), fake.delay(afterMs), fake.reset()].flat()
    const s = scenario([cut(0, 5, 2000), cut(5, 7, 3000), fake.status(404), fake.status(503), fake.status(503)], {
      maxRetries: 1,
      random: () => 0.5,
    })
    const stream = s.client.responses.stream({ model: 'm', input: 'hi', background: true, store: true })
    const { error } = await s.settle(stream.finalResponse())
    expect(explain(stream)?.split('\n')).toEqual([
      'The endpoint gave no message, only: 503',
      'attempt 1 at 0 ms (call began 2026-01-01T00:00:00.000Z): connected in 0 ms, answered 200, first event after 0 ms, connection_reset after 2 s, while handing over the answer',
      'attempt 2 at 2 s (resume): connected in 0 ms, answered 200, first event after 0 ms, connection_reset after 3 s, while handing over the answer',
      'attempt 3 at 5 s (resume): connected in 0 ms, answered 404 after 0 ms',
      'attempt 4 at 5 s (poll): on a reused connection, answered 503 after 0 ms',
      'attempt 5 at 5.3 s (poll): connected in 0 ms, answered 503 after 0 ms',
      'http_status: The endpoint answered with an error status. No further attempt: all retries are used (`maxRetries`).',
    ])
    expect(explain(error)).toBe(explain(stream))
    expect(
      findResilientError(error)?.attempts.map(({ attempt, startedAtMs, resumes }) => [attempt, startedAtMs, resumes]),
    ).toEqual([
      [1, 0, undefined],
      [2, 2000, 'stream'],
      [3, 5000, 'stream'],
      [4, 5000, 'state'],
      [5, 5250, 'state'],
    ])
    await s.nothingIsLeft()
  })

  it('explains the clone of a response', async () => {
    const s = scenario([fake.status(503), fake.respond(ok)])
    const { value } = await s.settle(s.post())
    const clone = (value as Response).clone()
    await s.settle(Promise.all([(value as Response).text(), clone.text()]))
    expect(explain(clone)?.split('\n')).toHaveLength(2)
    expect(explain(clone)).toBe(explain(value))
    await s.nothingIsLeft()
  })

  it('tells of the result of create() and of retrieve() what it took', async () => {
    const s = scenario([fake.status(503), fake.respond(ok), fake.status(200, { body: ok.at(-1)?.response as object })])
    const { value } = await s.settle(s.client.responses.create({ model: 'm', input: 'hi' }))
    expect(explain(value)?.split('\n')).toEqual([
      expect.stringMatching(/^attempt 1 .*answered 503/),
      expect.stringMatching(/^attempt 2 .*complete after 0 ms$/),
    ])
    const { value: read } = await s.settle(s.client.responses.retrieve('resp_test'))
    expect(explain(read)).toMatch(/^attempt 1 .*answered 200/)
    expect(explain({ ...(value as object) })).toBeUndefined()
    await s.nothingIsLeft()
  })

  it('tells of a 401 without a credential what to do, as the message does', async () => {
    const said = {
      error: { message: 'Missing bearer or basic authentication in header', type: 'invalid_request_error' },
    }
    const s = scenario([fake.status(401, { body: said })])
    const { error } = await s.settle(s.client.responses.create({ model: 'm', input: 'hi' }))
    const advice = 'Missing bearer or basic authentication in header'
    expect((error as Error).message).toContain(`${advice}. No credential was sent: give the client \`apiKey\``)
    expect(explain(error)).toMatch(
      /^Missing bearer or basic authentication in header .*No credential was sent: give the/,
    )
    await s.nothingIsLeft()
  })

  it('names the limit of a host that does not exist', async () => {
    const s = scenario(() => [fake.connectError('ENOTFOUND')].flat())
    const { error } = await s.settle(s.client.responses.create({ model: 'm', input: 'hi' }))
    expect(explain(error)).toContain('an unknown host is retried twice at most (`maxRetries: 0`: never)')
    await s.nothingIsLeft()
  })

  it('returns undefined for values of others', async () => {
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
    ['not_retryable', {}, 'a retry would not help'],
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

describe('explain with a picture', () => {
  it('adds the attempts to scale, with their cuts and what the signs mean, within 80 columns', async () => {
    const s = scenario([fake.stall(), fake.status(503)], { timeouts: { ttfbMs: 5000 }, maxRetries: 1 })
    const { error, value } = await s.settle(s.post())
    const subject = error ?? value
    const told = explain(subject, { picture: true })
    const plain = explain(subject) as string
    expect(told?.startsWith(`${plain}\n\n│0 s`)).toBe(true)
    const [, bar = '', reasons, legend] = told?.slice(plain.length + 2).split('\n') ?? []
    expect(bar).toMatch(/^░{60,72}✕.*✕$/)
    expect(bar.length).toBeLessThanOrEqual(80)
    expect(reasons).toBe('ttfb_timeout 5 s › status 503')
    expect(legend).toMatch(/░ wait {2}✕ cut/)
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('draws a stream and a response, and nothing where no attempt was made', async () => {
    const s = scenario([fake.reset(), fake.respond(ok), fake.respond(ok)], { apiKey: 'sk-test' })
    const stream = s.client.responses.stream({ model: 'm', input: 'hi' })
    expect(explain(stream, { picture: true })).toBe('')
    await s.settle(stream.finalResponse())
    expect(explain(stream, { picture: true })).toMatch(/\n\n│0 ms.*\n.*✕/)
    const { value } = await s.settle(s.post())
    await readAll(value as Response)
    expect(explain(value, { picture: true })).toMatch(/\n\n│0 ms/)
    expect(explain(new Error('of another library'), { picture: true })).toBeUndefined()
    await s.nothingIsLeft()
  })

  it('refuses an option that it does not know', () => {
    expect(() => explain(new Error('x'), { pictures: true } as object)).toThrow(
      "Unknown option 'pictures' of explain()",
    )
  })
})
