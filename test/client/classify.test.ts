import { describe, expect, it } from 'vitest'
import { type ClassifyHook, ConfigurationError, ResilientClient, type SeenFailure } from '../../src/index.ts'
import { failedStream, fake, textStream } from '../../src/testing/index.ts'
import { invalid } from '../support/typed.ts'
import { readAll, scenario } from './harness.ts'

const ok = fake.respond(textStream({ text: 'hello' }))
const refusal = (status: number, error: object, headers: Record<string, string> = {}) =>
  fake.status(status, { headers, body: { error } })
const BUSY = { code: 'all_channels_busy', type: 'gateway', message: 'Busy.' }

/** How often a call that met `first` asked, and what `classify` was shown. */
async function played(first: Parameters<typeof scenario>[0], answer: unknown, options = {}) {
  const seen: SeenFailure[] = []
  const classify = ((failure) => {
    seen.push(failure)
    if (answer instanceof Error) throw answer
    return answer
  }) as ClassifyHook
  const s = scenario(first, { classify, ...options })
  const { value } = await s.settle(s.post())
  const text = value === undefined ? '' : (await readAll(value as Response)).text
  return { s, seen, status: (value as Response | undefined)?.status, text }
}

describe('classify', () => {
  it('makes a status final, or not, or a reason to reconnect at once', async () => {
    const pushback = await played([refusal(403, BUSY), ok], 'pushback')
    expect(pushback.status).toBe(200)
    expect(pushback.s.decisions()).toMatchObject([{ retry: true, lane: 'pushback' }])

    const connection = await played([refusal(403, BUSY), ok], 'connection')
    expect(connection.s.decisions()).toMatchObject([{ retry: true, lane: 'connection' }])

    const final = await played([refusal(503, BUSY)], 'final')
    expect(final.status).toBe(503)
    expect(final.s.decisions()).toMatchObject([{ retry: false, reason: 'not_retryable' }])

    for (const each of [pushback, connection, final]) await each.s.nothingIsLeft()
  })

  it('is shown the failure: where, status, names, words and headers in any case', async () => {
    const { seen, s } = await played([refusal(418, BUSY, { 'X-Gateway': 'eu' })], undefined)
    expect(seen).toHaveLength(1)
    expect(seen[0]).toMatchObject({ where: 'status', status: 418, ...BUSY })
    expect(seen[0]?.header('X-GATEWAY')).toBe('eu')
    expect(seen[0]?.header('x-other')).toBeUndefined()
    await s.nothingIsLeft()

    const inside = await played([fake.respond(failedStream({ code: '1302', message: 'Zu viele.' })), ok], 'pushback')
    expect(inside.seen).toMatchObject([{ where: 'event', status: undefined, code: '1302', message: 'Zu viele.' }])
    expect(inside.text).toContain('hello')
    await inside.s.nothingIsLeft()
  })

  it('leaves a failure to the library with undefined', async () => {
    const { s } = await played([refusal(503, {}), ok], undefined)
    expect(s.decisions()).toMatchObject([{ retry: true, lane: 'pushback' }])
    const final = await played([refusal(400, BUSY)], undefined)
    expect(final.s.decisions()).toMatchObject([{ retry: false }])
    expect([...s.events, ...final.s.events].some(({ type }) => type === 'classify_failed')).toBe(false)
  })

  it('wins over x-should-retry: true, over policies and over names the library knows', async () => {
    const told = refusal(400, { code: 'content_policy' }, { 'x-should-retry': 'true' })
    expect((await played([told, ok], 'pushback')).s.decisions()).toMatchObject([{ retry: true }])
    expect(
      (await played([refusal(500, { code: 'server_error' }, { 'x-should-retry': 'true' })], 'final')).s.decisions(),
    ).toMatchObject([{ retry: false }])
  })

  it.each([
    ['x-should-retry: false', refusal(503, BUSY, { 'x-should-retry': 'false' }), {}],
    ['a code of quota', refusal(429, { code: 'insufficient_quota' }), {}],
    ['a type of quota', refusal(429, { type: 'usage_limit_reached' }), {}],
    ['a genuine not-found', refusal(400, { code: 'previous_response_not_found' }), {}],
  ])('is not called if the failure is already decided: %s', async (_, first) => {
    const { seen, s } = await played([first], 'pushback')
    expect(seen).toEqual([])
    expect(s.decisions()).toMatchObject([{ retry: false, reason: 'not_retryable' }])
  })

  it('changes nothing about hints, retries and replay safety', async () => {
    const hinted = await played([refusal(403, BUSY, { 'retry-after': '7' }), ok], 'pushback')
    const { delayMs } = hinted.s.decisions()[0] as { delayMs: number }
    expect(delayMs).toBeGreaterThanOrEqual(7000)
    const spent = await played(() => refusal(403, BUSY), 'pushback', { maxRetries: 2 })
    expect(spent.s.decisions().at(-1)).toMatchObject({ retry: false, reason: 'retries_exhausted' })
    expect(spent.seen).toHaveLength(3)
    const s = scenario([refusal(500, BUSY)], { classify: () => 'pushback' })
    await s.settle(s.post({ conversation: 'conv_1' }))
    expect(s.decisions()).toMatchObject([{ retry: false, reason: 'not_replayable' }])
  })

  it.each<[what: string, answer: () => unknown, problem: string]>([
    ['throws', () => new Error('of the user, with sk-secret'), 'threw'],
    ['gives a promise', () => Promise.resolve('final'), 'invalid_result'],
    ['gives a promise that rejects', () => Promise.reject(new Error('late')), 'invalid_result'],
    ['gives another word', () => 'retry', 'invalid_result'],
    ['gives null', () => null, 'invalid_result'],
  ])('counts as undefined and is reported if it %s', async (_, answer, problem) => {
    const { s } = await played([refusal(503, BUSY), ok], answer())
    expect(s.decisions()).toMatchObject([{ retry: true, lane: 'pushback' }])
    expect(s.events.filter(({ type }) => type === 'classify_failed')).toEqual([
      { type: 'classify_failed', callId: expect.any(Number), attempt: 1, atMs: expect.any(Number), problem },
    ])
    expect(JSON.stringify(s.events)).not.toContain('sk-secret')
  })

  it('works on the typed faces, and in a view', async () => {
    const s = scenario([refusal(403, BUSY), ok, refusal(403, BUSY)], { apiKey: 'sk-test', classify: () => 'pushback' })
    const { value } = await s.settle(s.client.responses.create({ model: 'm', input: 'x' }))
    expect(value).toMatchObject({ output_text: 'hello' })
    const view = s.client.withOptions({ classify: () => undefined })
    const { error } = await s.settle(view.responses.create({ model: 'm', input: 'x' }))
    expect(error).toMatchObject({ status: 403, giveUpReason: 'not_retryable' })
    await s.nothingIsLeft()
  })

  it('must be a function', () => {
    expect(() => new ResilientClient({ classify: invalid<ClassifyHook>('pushback') })).toThrow(ConfigurationError)
    expect(() => new ResilientClient({ classify: invalid<ClassifyHook>('pushback') })).toThrow(
      /^classify: got a string of 8 characters; accepted: a function that returns 'connection', 'pushback', 'final' or undefined\.$/,
    )
  })
})
