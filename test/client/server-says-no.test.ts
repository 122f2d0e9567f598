import { describe, expect, it, vi } from 'vitest'
import { findResilientError } from '../../src/index.ts'
import { fake, textStream, toSSE } from '../../src/testing/index.ts'
import { readAll, scenario } from './harness.ts'

/** Thu, 01 Jan 2026 00:00:00 GMT. */
const NEW_YEAR = 1_767_225_600_000
const ok = textStream({ text: 'hello' })
const limited = (headers: Record<string, string>) =>
  fake.status(429, { headers, body: { error: { code: 'rate_limit_exceeded', message: 'slow' } } })

describe('the server says no', () => {
  it.each([
    ['retry-after-ms', { 'retry-after-ms': '1234' }, 1234 + 125],
    ['seconds', { 'retry-after': '7' }, 7000 + 350],
    ['an HTTP date', { 'retry-after': 'Thu, 01 Jan 2026 00:00:09 GMT' }, 9000 + 450],
    ['0', { 'retry-after': '0' }, 250],
    ['-1', { 'retry-after': '-1' }, 250],
    ['abc', { 'retry-after': 'abc' }, 250],
    ['both', { 'retry-after-ms': '1500', 'retry-after': '9' }, 1500 + 125],
  ])('fault 52: 429 with %s waits as long as it should', async (_name, headers, delayMs) => {
    const s = scenario([limited(headers), fake.respond(ok)], { random: () => 0.5 })
    s.clock.jumpWall(NEW_YEAR - s.clock.wallNow())
    const { value } = await s.settle(s.post())
    expect((await readAll(value as Response)).text).toBe(toSSE(ok))
    expect(s.decisions()).toMatchObject([{ retry: true, delayMs, lane: 'pushback' }])
    await s.nothingIsLeft()
  })

  it('fault 52: a hint of an hour ends the call at once; the answer comes out, marked as not worth a retry', async () => {
    const s = scenario([limited({ 'retry-after': '3600' })])
    const { value } = await s.settle(s.post())
    expect(value?.status).toBe(429)
    expect(value?.headers.get('retry-after')).toBe('3600')
    expect(value?.headers.get('x-should-retry')).toBe('false')
    expect(s.decisions()).toMatchObject([{ retry: false, reason: 'hint_too_long' }])
    await s.nothingIsLeft()
  })

  it('fault 53: x-should-retry false on a 500 and true on a 400 are obeyed', async () => {
    const no = scenario([fake.status(500, { headers: { 'x-should-retry': 'false' } })])
    expect((await no.settle(no.post())).value?.status).toBe(500)
    await no.nothingIsLeft()
    const yes = scenario([
      fake.status(400, { headers: { 'x-should-retry': 'true' }, body: { error: { type: 'invalid_request_error' } } }),
      fake.respond(ok),
    ])
    expect((await readAll((await yes.settle(yes.post())).value as Response)).text).toBe(toSSE(ok))
    await yes.nothingIsLeft()
  })

  it('fault 54: many calls refused with 401 share one refresh, and each is asked once more', async () => {
    let token = 'old'
    const headers = vi.fn(async ({ refresh }: { refresh: boolean }) => {
      if (refresh) {
        await Promise.resolve()
        token = 'new'
      }
      return { authorization: `Bearer ${token}` }
    })
    const s = scenario(
      (request) =>
        request.header('authorization') === 'Bearer new' ? [fake.respond(ok)].flat() : [fake.status(401)].flat(),
      { headers, baseURL: 'https://api.test/v1', maxRetries: 0 },
    )
    const { value } = await s.settle(Promise.all([s.post(), s.post(), s.post()]))
    expect(value?.map((response) => response.status)).toEqual([200, 200, 200])
    expect(headers.mock.calls.filter(([context]) => context.refresh)).toHaveLength(1)
    for (const response of value ?? []) await readAll(response)
    await s.nothingIsLeft()
  })

  it('fault 54: 401 twice is final, and the answer comes out', async () => {
    const s = scenario([fake.status(401), fake.status(401, { body: { error: { message: 'no' } } })], {
      headers: () => ({ authorization: 'Bearer x' }),
      baseURL: 'https://api.test/v1',
    })
    expect((await s.settle(s.post())).value?.status).toBe(401)
    expect(s.transport.requests).toHaveLength(2)
    await s.nothingIsLeft()
  })

  it("a 401 of the caller's own credential is not refreshed", async () => {
    const headers = vi.fn(() => ({ authorization: 'Bearer ours' }))
    const s = scenario([fake.status(401)], { headers, baseURL: 'https://api.test/v1' })
    const { value } = await s.settle(
      s.post({}, { headers: { authorization: 'Bearer theirs', 'content-type': 'application/json' } }),
    )
    expect(value?.status).toBe(401)
    expect(s.transport.requests[0]?.header('authorization')).toBe('Bearer theirs')
    expect(headers.mock.calls).toMatchObject([[{ refresh: false }]])
    await s.nothingIsLeft()
  })

  it('fault 55: a storm of 503 empties the budget, calls fail fast, and recovery is seen again', async () => {
    let storm = true
    const s = scenario(() => (storm ? [fake.status(503)].flat() : [fake.respond(ok)].flat()), {
      retry: { budget: { capacity: 6, depositPerSuccess: 1, refillPerMinute: 0 } },
    })
    for (let i = 0; i < 5; i++) expect((await s.settle(s.post())).value?.status).toBe(503)
    expect(s.transport.requests).toHaveLength(5 + 6)
    expect(s.decisions().at(-1)).toMatchObject({ retry: false, reason: 'budget_exhausted' })
    storm = false
    expect((await readAll((await s.settle(s.post())).value as Response)).text).toBe(toSSE(ok))
    expect(s.client.stats().retryBudgets['https://api.test']).toBe(1)
    await s.nothingIsLeft()
  })

  it.each([
    'https://elsewhere.test/v1/responses',
    'http://127.0.0.1/x',
    'file:///etc/passwd',
    'http://api.test/v1/responses',
  ])('fault 56: a redirect of a Responses call to %s is refused, and no credential leaves', async (location) => {
    const s = scenario([fake.status(307, { headers: { location } })], {
      apiKey: 'planted',
      baseURL: 'https://api.test/v1',
    })
    const { error } = await s.settle(s.post())
    expect(findResilientError(error)).toMatchObject({ code: 'redirect_refused', retryable: false })
    expect(s.transport.requests).toHaveLength(1)
    await s.nothingIsLeft()
  })

  it('a redirect within the origin is followed with everything', async () => {
    const s = scenario([fake.status(307, { headers: { location: '/v2/responses' } }), fake.respond(ok)])
    const { value } = await s.settle(s.post())
    expect(value).toMatchObject({ redirected: true, url: 'https://api.test/v2/responses' })
    expect((await readAll(value as Response)).text).toBe(toSSE(ok))
    expect(s.transport.requests[1]?.text).toBe(s.transport.requests[0]?.text)
    await s.nothingIsLeft()
  })

  it('a final answer passes on with status, headers and body', async () => {
    const body = {
      error: { message: 'no such model', type: 'invalid_request_error', code: 'model_not_found', param: 'model' },
    }
    const s = scenario([fake.status(404, { headers: { 'x-request-id': 'req_1' }, body })])
    const { value } = await s.settle(s.post())
    expect(value?.status).toBe(404)
    expect(value?.headers.get('x-request-id')).toBe('req_1')
    expect(value?.headers.has('x-should-retry')).toBe(false)
    expect(await value?.json()).toEqual(body)
    await s.nothingIsLeft()
  })

  it('when retries are spent, the last HTTP answer comes out and tells the host not to begin its own', async () => {
    const s = scenario([fake.status(500), fake.status(503, { body: 'busy' })], { maxRetries: 1 })
    const { value } = await s.settle(s.post())
    expect(value?.status).toBe(503)
    expect(value?.headers.get('x-should-retry')).toBe('false')
    expect(await value?.text()).toBe('busy')
    await s.nothingIsLeft()
  })

  it('with maxRetries 0 the host keeps its own retries', async () => {
    const s = scenario([fake.status(503)], { maxRetries: 0 })
    expect((await s.settle(s.post())).value?.headers.has('x-should-retry')).toBe(false)
    await s.nothingIsLeft()
  })
})

describe('continuity and replay', () => {
  it('fault 57: a continuation sends the same bytes on every attempt, and its failure says that the conversation is there', async () => {
    const s = scenario(
      [fake.stall(), fake.reset(), fake.connectError(), fake.status(503), fake.reset(), fake.reset()],
      {
        timeouts: { ttfbMs: 1000 },
      },
    )
    const { error } = await s.settle(s.post({ previous_response_id: 'resp_1' }))
    expect(findResilientError(error)).toMatchObject({
      retryable: true,
      continuity: 'upstream_unavailable',
      code: 'connection_reset',
    })
    expect(new Set(s.transport.requests.map((request) => request.text)).size).toBe(1)
    expect(s.transport.requests[0]?.json).toMatchObject({ previous_response_id: 'resp_1' })
    await s.nothingIsLeft()
  })

  it.each([
    [{ conversation: 'conv_1' }, 'not_replayable'],
    [{ background: true }, 'not_replayable'],
  ])('fault 57: %o that was sent and not answered is not repeated', async (extra, reason) => {
    const s = scenario([fake.reset()])
    const { error } = await s.settle(s.post(extra))
    expect(findResilientError(error)).toMatchObject({ replaySafety: 'unknown', giveUpReason: reason, retryable: true })
    await s.nothingIsLeft()
  })

  it('retryUnknown: true repeats it; a refusal is repeated anyway', async () => {
    const s = scenario([fake.reset(), fake.respond(ok)], { retryUnknown: true })
    expect((await readAll((await s.settle(s.post({ conversation: 'c' }))).value as Response)).error).toBeUndefined()
    await s.nothingIsLeft()
    const refused = scenario([fake.status(503), fake.respond(ok)])
    expect(
      (await readAll((await refused.settle(refused.post({ conversation: 'c' }))).value as Response)).error,
    ).toBeUndefined()
    await refused.nothingIsLeft()
  })

  it('fault 64: a body that can be read once is sent once', async () => {
    const s = scenario([fake.reset()])
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"stream":true}'))
        controller.close()
      },
    })
    const { error } = await s.settle(s.post({}, { body, duplex: 'half' } as RequestInit))
    expect(findResilientError(error)).toMatchObject({ replaySafety: 'unsafe', giveUpReason: 'not_replayable' })
    expect(s.transport.requests).toHaveLength(1)
    await s.nothingIsLeft()
  })
})
