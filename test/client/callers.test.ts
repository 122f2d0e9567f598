import { describe, expect, it, vi } from 'vitest'
import {
  ClientClosedError,
  ConfigurationError,
  createResilientFetch,
  findResilientError,
  isResilientError,
} from '../../src/index.ts'
import { FakeTransport, fake, seededRandom, textStream, toSSE, VirtualClock } from '../../src/testing/index.ts'
import { invalid } from '../support/typed.ts'
import { readAll, scenario, URL_RESPONSES } from './harness.ts'

const ok = textStream({ text: 'hello' })

describe('callers', () => {
  it('an option that the caller changes later changes nothing', async () => {
    const headers: Record<string, string> = { 'x-team': 'a' }
    const s = scenario([fake.respond(ok)], { headers, baseURL: 'https://api.test/v1' })
    headers['x-team'] = 'b'
    await readAll((await s.settle(s.post())).value as Response)
    expect(s.transport.requests[0]?.header('x-team')).toBe('a')
    await s.nothingIsLeft()
  })

  it('headers() that gives what is no header is typed', async () => {
    const wrong = scenario([], { baseURL: 'https://api.test/v1', headers: () => ({ 'x-a': 'b\r\nc: d' }) })
    expect(findResilientError((await wrong.settle(wrong.post())).error)).toMatchObject({ code: 'headers_failed' })
  })

  it.each([
    [undefined, 'headers(): it returned undefined; accepted: an object of strings, or a promise of one.'],
    [
      'Bearer x',
      'headers(): it returned a string of 8 characters; accepted: an object of strings, or a promise of one.',
    ],
    [[['a', 'b']], 'headers(): it returned an array; accepted: an object of strings, or a promise of one.'],
    [
      new Map([['a', 'b']]),
      'headers(): it returned a value of type object; accepted: an object of strings, or a promise of one.',
    ],
    [
      { 'x-a': 'b', authorization: undefined },
      "headers()['authorization']: it returned undefined; accepted: a string.",
    ],
  ])('headers() that returns what is no headers is refused, before anything is sent: %o', async (made, message) => {
    const s = scenario([], { baseURL: 'https://api.test/v1', headers: () => invalid(made) })
    const dropIn = findResilientError((await s.settle(s.post())).error)
    const { error: typed } = await s.settle(s.client.responses.create({ model: 'm', input: 'hi' }))
    for (const error of [dropIn, typed]) {
      expect(error).toMatchObject({ code: 'headers_failed', message: expect.stringMatching(/^headers\(\)/) })
      expect((error as Error).message).toContain(message)
    }
    expect(s.transport.requests).toEqual([])
    await s.nothingIsLeft()
  })

  it('totalMs bounds the whole call, sleeps included', async () => {
    const s = scenario(() => [fake.status(503, { headers: { 'retry-after': '4' } })].flat(), {
      timeouts: { totalMs: 10_000 },
      maxRetries: 9,
      random: () => 0,
    })
    const { value } = await s.settle(s.post())
    expect(value?.status).toBe(503)
    expect(s.clock.now()).toBe(8000)
    expect(s.decisions().at(-1)).toMatchObject({ reason: 'deadline_exceeded' })
    await s.nothingIsLeft()
  })
})

describe('withOptions', () => {
  it('gives a view other deadlines over the same connections; closing the view closes nothing else', async () => {
    const s = scenario([fake.stall(), fake.respond(ok), fake.respond(ok)], { timeouts: { ttfbMs: 45_000 } })
    const task = s.client.withOptions({ timeouts: { staleMs: 20_000 }, maxRetries: 0 })
    const compress = () =>
      task.fetch(URL_RESPONSES, {
        method: 'POST',
        body: '{"stream":true}',
        headers: { 'content-type': 'application/json' },
      })
    const { error } = await s.settle(compress())
    expect(findResilientError(error)).toMatchObject({
      code: 'ttfb_timeout',
      deadline: { ms: 18_000, source: 'option, kept below staleMs' },
    })
    expect((await readAll((await s.settle(s.post())).value as Response)).text).toBe(toSSE(ok))
    await task.close()
    await expect(compress()).rejects.toBeInstanceOf(ClientClosedError)
    expect((await readAll((await s.settle(s.post())).value as Response)).text).toBe(toSSE(ok))
    await s.nothingIsLeft()
  })

  it.each(['transport', 'isolation', 'baseURL', 'nonsense'])('refuses %s, and says what it accepts', (name) => {
    const s = scenario([])
    expect(() => s.client.withOptions(invalid({ [name]: 1 }))).toThrow(ConfigurationError)
    expect(() => s.client.withOptions(invalid({ [name]: 1 }))).toThrow(/accepted are apiKey, headers/)
  })
})

describe('createResilientFetch', () => {
  it('is a function that can be closed', async () => {
    const clock = new VirtualClock()
    const resilientFetch = createResilientFetch({
      transport: new FakeTransport([fake.respond(ok)], { clock }),
      clock,
      random: seededRandom(1),
    })
    const response = await resilientFetch(URL_RESPONSES, { method: 'POST', body: '{"stream":true}' })
    expect((await readAll(response)).text).toBe(toSSE(ok))
    await resilientFetch.close()
    await expect(resilientFetch(URL_RESPONSES)).rejects.toSatisfy((error) => isResilientError(error, 'client_closed'))
  })
})

describe('telemetry', () => {
  it('tells a call as a tree, starts and ends paired', async () => {
    const s = scenario([fake.stall(), fake.respond(ok)], { timeouts: { ttfbMs: 1000 } })
    await readAll((await s.settle(s.post())).value as Response)
    expect(s.events.map((event) => event.type).filter((type) => !type.startsWith('client_'))).toEqual([
      'call_start',
      'attempt_start',
      'attempt_connected',
      'attempt_end',
      'retry_decision',
      'attempt_start',
      'attempt_connected',
      'attempt_headers',
      'attempt_first_event',
      'attempt_commit',
      'attempt_end',
      'call_end',
    ])
    expect(JSON.stringify(s.events)).not.toContain('"hi"')
    await s.nothingIsLeft()
  })

  it('creates no event without a listener', async () => {
    const s = scenario([fake.respond(ok)], { onEvent: undefined })
    const spy = vi.fn()
    s.events.push = spy
    await readAll((await s.settle(s.post())).value as Response)
    expect(spy).not.toHaveBeenCalled()
  })
})
