import { describe, expect, it, vi } from 'vitest'
import {
  ClientClosedError,
  ConfigurationError,
  createResilientFetch,
  findResilientError,
  isResilientError,
  ResilientClient,
} from '../../src/index.ts'
import { FakeTransport, fake, seededRandom, textStream, toSSE, VirtualClock } from '../../src/testing/index.ts'
import { readAll, scenario, URL_RESPONSES } from './harness.ts'

const ok = textStream({ text: 'hello' })
const upToDelta = ok.slice(0, ok.findIndex((event) => event.type.endsWith('.delta')) + 1)
const REASON = new Error('the caller changed its mind')

describe('fault 61: an abort settles at once with the reason of the caller, and nothing is sent afterwards', () => {
  it('before dispatch', async () => {
    const s = scenario([])
    s.controller.abort(REASON)
    expect((await s.settle(s.post())).error).toBe(REASON)
    await s.nothingIsLeft()
  })

  it.each([
    ['while connecting', [fake.connectStall()], 10],
    ['while the request is written', [fake.sendStall()], 10],
    ['while waiting', [fake.stall()], 10],
    ['in the prelude', [fake.events(ok.slice(0, 2)), fake.stall()].flat(), 10],
  ])('%s', async (_name, steps, afterMs) => {
    const s = scenario([steps])
    const posted = s.post()
    posted.catch(() => {})
    await s.clock.advance(afterMs)
    s.controller.abort(REASON)
    await expect(posted).rejects.toBe(REASON)
    expect(s.transport.requests[0]?.poisonReasons).toEqual([])
    expect(s.transport.requests).toHaveLength(1)
    expect(s.events.find((event) => event.type === 'call_end')).toMatchObject({ outcome: 'aborted' })
    await s.nothingIsLeft()
  })

  it('in a back-off sleep', async () => {
    const s = scenario([fake.status(503, { headers: { 'retry-after': '30' } })])
    const posted = s.post()
    posted.catch(() => {})
    await s.clock.advance(1000)
    s.controller.abort(REASON)
    await expect(posted).rejects.toBe(REASON)
    await s.clock.advance(60_000)
    expect(s.transport.requests).toHaveLength(1)
    await s.nothingIsLeft()
  })

  it('while headers() is asked', async () => {
    const s = scenario([], { headers: () => new Promise(() => {}), baseURL: 'https://api.test/v1' })
    const posted = s.post()
    posted.catch(() => {})
    await s.clock.advance(10)
    s.controller.abort(REASON)
    await expect(posted).rejects.toBe(REASON)
    await s.nothingIsLeft()
  })

  it('in the middle of an event: the pending read rejects with the reason', async () => {
    const s = scenario([[fake.events(upToDelta), fake.bytes('data: {"ty'), fake.stall()].flat()])
    const { value } = await s.settle(s.post())
    const read = readAll(value as Response)
    await s.clock.settle()
    s.controller.abort(REASON)
    expect((await read).error).toBe(REASON)
    await s.nothingIsLeft()
  })

  it('after the end nothing happens', async () => {
    const s = scenario([fake.respond(ok)])
    const { value } = await s.settle(s.post())
    expect((await readAll(value as Response)).error).toBeUndefined()
    s.controller.abort(REASON)
    await s.nothingIsLeft()
  })

  it("the caller's own timeout is not taken for one of ours", async () => {
    const s = scenario([fake.stall()], { timeouts: { ttfbMs: 5000 } })
    const posted = s.post()
    posted.catch(() => {})
    await s.clock.advance(10)
    const reason = new DOMException('The operation was aborted due to timeout', 'TimeoutError')
    s.controller.abort(reason)
    await expect(posted).rejects.toBe(reason)
    expect(findResilientError(reason)).toBeUndefined()
    await s.nothingIsLeft()
  })
})

describe('callers', () => {
  it('fault 63: breaking out of the loop and cancelling the body free the exchange', async () => {
    const s = scenario([fake.respond(ok, { everyMs: 10 }), fake.respond(ok, { everyMs: 10 })])
    const first = (await s.settle(s.post())).value as Response
    for await (const _chunk of first.body ?? []) break
    const second = (await s.settle(s.post())).value as Response
    await second.body?.cancel()
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('fault 65: frozen options, shared between clients and used many times, are never written to', async () => {
    const clock = new VirtualClock()
    const options = deepFreeze({
      baseURL: 'https://api.test/v1',
      headers: { 'x-team': 'a' },
      timeouts: { ttfbMs: 1000 },
      retry: { budget: { capacity: 5 } },
      limits: { eventBytes: 1000 },
    })
    const before = JSON.stringify(options)
    for (let i = 0; i < 20; i++) {
      const transport = new FakeTransport([fake.respond(ok)], { clock })
      const client = new ResilientClient({ ...options, transport, clock })
      const init = deepFreeze({
        method: 'POST',
        body: JSON.stringify({ stream: true }),
        headers: { 'content-type': 'application/json' },
      })
      await readAll(await client.fetch(URL_RESPONSES, init))
      expect(transport.requests[0]?.header('x-team')).toBe('a')
      await client.close()
    }
    expect(JSON.stringify(options)).toBe(before)
  })

  it('an option that the caller changes later changes nothing', async () => {
    const headers: Record<string, string> = { 'x-team': 'a' }
    const s = scenario([fake.respond(ok)], { headers, baseURL: 'https://api.test/v1' })
    headers['x-team'] = 'b'
    await readAll((await s.settle(s.post())).value as Response)
    expect(s.transport.requests[0]?.header('x-team')).toBe('a')
    await s.nothingIsLeft()
  })

  it('fault 66: a timeout on one call while 50 others stream on the same client: the 50 finish', async () => {
    const s = scenario(
      (request) => [request.text.includes('stall') ? fake.stall() : fake.respond(ok, { everyMs: 1000 })].flat(),
      {
        maxRetries: 0,
        timeouts: { ttfbMs: 3000 },
      },
    )
    const others = Array.from({ length: 50 }, async () => readAll(await s.post()))
    const { error } = await s.settle(s.post({ input: 'stall' }))
    expect(findResilientError(error)?.code).toBe('ttfb_timeout')
    const { value } = await s.settle(Promise.all(others))
    expect(value?.every((read) => read.text === toSSE(ok) && read.error === undefined)).toBe(true)
    await s.nothingIsLeft()
  })

  it('fault 68: close() drains, refuses new calls, and ends when the last body has ended', async () => {
    const s = scenario([fake.respond(ok, { everyMs: 1000 })])
    const response = (await s.settle(s.post())).value as Response
    let closed = false
    const closing = s.client.close().then(() => (closed = true))
    await expect(s.post()).rejects.toBeInstanceOf(ClientClosedError)
    await s.clock.settle()
    expect(closed).toBe(false)
    expect((await s.settle(readAll(response))).value).toEqual({ text: toSSE(ok), error: undefined })
    await closing
    await s.nothingIsLeft()
  })

  it('fault 68: destroy() ends all with ClientClosedError', async () => {
    const s = scenario([fake.stall(), fake.respond(ok, { everyMs: 1000 })])
    const waiting = s.post()
    waiting.catch(() => {})
    const response = (await s.settle(s.post())).value as Response
    const read = readAll(response)
    await s.clock.settle()
    await s.client.destroy()
    await expect(waiting).rejects.toBeInstanceOf(ClientClosedError)
    expect((await read).error).toBeInstanceOf(ClientClosedError)
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('fault 69: a listener that throws changes nothing; headers() that throws, or gives no headers, is typed', async () => {
    const throwing = scenario([fake.respond(ok)], {
      onEvent: () => {
        throw new Error('listener')
      },
    })
    expect((await throwing.settle(throwing.post())).value?.status).toBe(200)
    const failing = scenario([], {
      baseURL: 'https://api.test/v1',
      headers: () => {
        throw new Error('no token sk-planted1234')
      },
    })
    const failed = findResilientError((await failing.settle(failing.post())).error)
    expect(failed).toMatchObject({ code: 'headers_failed', retryable: false })
    expect(failed?.message).not.toContain('planted')
    await failing.nothingIsLeft()
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
    const s = scenario([], { baseURL: 'https://api.test/v1', headers: () => made as never })
    const dropIn = findResilientError((await s.settle(s.post())).error)
    const { error: typed } = await s.settle(s.client.responses.create({ model: 'm', input: 'hi' }))
    for (const error of [dropIn, typed]) {
      expect(error).toMatchObject({ code: 'headers_failed', message: expect.stringMatching(/^headers\(\)/) })
      expect((error as Error).message).toContain(message)
    }
    expect(s.transport.requests).toEqual([])
    await s.nothingIsLeft()
  })

  it('fault 69: headers() that never settles is bounded', async () => {
    const s = scenario([], { baseURL: 'https://api.test/v1', headers: () => new Promise(() => {}) })
    const { error } = await s.settle(s.post())
    expect(s.clock.now()).toBe(30_000)
    expect(findResilientError(error)).toMatchObject({ code: 'headers_timeout' })
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
    expect(() => s.client.withOptions({ [name]: 1 } as never)).toThrow(ConfigurationError)
    expect(() => s.client.withOptions({ [name]: 1 } as never)).toThrow(/accepted are apiKey, headers/)
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

  it('costs no event when nobody listens', async () => {
    const s = scenario([fake.respond(ok)], { onEvent: undefined })
    const spy = vi.fn()
    s.events.push = spy
    await readAll((await s.settle(s.post())).value as Response)
    expect(spy).not.toHaveBeenCalled()
  })
})

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) deepFreeze(inner)
  return Object.freeze(value)
}
