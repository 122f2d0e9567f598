import { describe, expect, it } from 'vitest'
import { explain, findResilientError } from '../../src/index.ts'
import { fake, textStream, toSSE } from '../../src/testing/index.ts'
import { readAll, scenario, URL_RESPONSES } from '../client/harness.ts'
import { answer, fieldServer, streamAnswer } from './support/field-server.ts'
import { ASKED, playFetch } from './support/play.ts'

const EVENTS = textStream({ text: 'hello' })
const hop = (location: string, status = 307) => fake.status(status, { headers: { location }, body: 'over there' })

describe('the time of a call that is redirected', () => {
  it.each(['https://api.test/v1/models', URL_RESPONSES])(
    'is shared by all hops: totalMs ends the call, for %s',
    async (url) => {
      const s = scenario(
        [[fake.delay(800), hop('/v2/one')].flat(), [fake.delay(100), hop('/v2/two')].flat(), fake.stall()],
        { timeouts: { totalMs: 1000, ttfbMs: 900 } },
      )
      const isPost = url === URL_RESPONSES
      const { error } = await s.settle(isPost ? s.post() : s.client.fetch(url))
      expect(s.clock.now()).toBe(1000)
      const ours = findResilientError(error)
      expect(ours).toMatchObject({ code: 'total_timeout' })
      expect(
        ours?.attempts.map(({ attempt, outcome, startedAtMs, status }) => [attempt, outcome, startedAtMs, status]),
      ).toEqual([
        [1, 'answered', 0, 307],
        [2, 'answered', 800, 307],
        [3, 'failed', 900, undefined],
      ])
      await s.nothingIsLeft()
    },
  )

  it('counts for the drop-in, too: beforeCommitMs does not start again with each hop', async () => {
    const s = scenario([[fake.delay(40_000), hop('/v2/responses')].flat(), fake.stall()], {
      beforeCommitMs: 60_000,
      commitAfterMs: 50_000,
    })
    const { error } = await s.settle(s.post())
    expect(s.clock.now()).toBe(60_000)
    expect(findResilientError(error)).toMatchObject({ code: 'before_commit_timeout' })
    await s.nothingIsLeft()
  })
})

describe('telemetry of a followed redirect', () => {
  it('is an answer and a completed call, and explain() describes every hop', async () => {
    const s = scenario([hop('/v2/responses'), fake.status(503), fake.respond(EVENTS)], { random: () => 0 })
    const { value } = await s.settle(s.post())
    expect(value?.url).toBe('https://api.test/v2/responses')
    expect(value?.redirected).toBe(true)
    expect((await readAll(value as Response)).error).toBeUndefined()
    const ends = s.events.flatMap((event) => (event.type === 'call_end' ? [[event.outcome, event.attempts]] : []))
    expect(ends).toEqual([
      ['completed', 1],
      ['completed', 2],
    ])
    const records = s.events.flatMap((event) => (event.type === 'attempt_end' ? [event.record] : []))
    expect(records.map(({ attempt, outcome, code }) => [attempt, outcome, code])).toEqual([
      [1, 'answered', undefined],
      [2, 'answered', 'http_status'],
      [3, 'committed', undefined],
    ])
    expect(explain(value)?.split('\n')).toEqual([
      expect.stringMatching(/^attempt 1 .*answered 307 after /),
      expect.stringMatching(/^attempt 2 .*answered 503/),
      expect.stringMatching(/^attempt 3 .*first event after .*, complete after /),
    ])
    await s.nothingIsLeft()
  })

  it('over real sockets its connection serves the next request', async () => {
    await using server = await fieldServer([
      answer(307, 'over there', { location: '/v1/elsewhere' }),
      streamAnswer(toSSE(EVENTS)),
    ])
    const { result } = await playFetch({ baseURL: server.baseURL })
    expect(result?.text).toBe(toSSE(EVENTS))
    expect(server.requests.map(({ path }) => path)).toEqual(['/v1/responses', '/v1/elsewhere'])
    expect(server.server.connections).toHaveLength(1)
  })

  it('lets a closing client finish the call', async () => {
    const s = scenario([
      [fake.delay(1000), hop('/v2/models')].flat(),
      [fake.delay(1000), fake.status(200, { body: 'x' })].flat(),
    ])
    const call = s.client.fetch('https://api.test/v1/models').then((response) => response.text())
    await s.clock.settle()
    let closed = 0
    const closing = s.client.close().then(() => {
      closed = s.clock.now()
    })
    expect((await s.settle(call)).value).toBe('x')
    await s.settle(closing)
    expect(closed).toBe(2000)
  })
})

describe('upgradeToStream', () => {
  const options = { upgradeToStream: true }
  it.each([307, 308])('follows a %i within the origin with the same streaming request', async (status) => {
    await using server = await fieldServer([
      answer(status, 'over there', { location: '/v2/responses' }),
      streamAnswer(toSSE(EVENTS)),
    ])
    const { result, error } = await playFetch({ baseURL: server.baseURL, ...options }, ASKED)
    expect(error).toBeUndefined()
    expect(JSON.parse(result?.text ?? '')).toEqual(EVENTS.at(-1)?.response)
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /v1/responses',
      'POST /v2/responses',
    ])
    expect(new Set(server.requests.map(({ body }) => body.toString())).size).toBe(1)
    expect(JSON.parse(server.requests[1]?.body.toString() ?? '')).toMatchObject({ stream: true })
  })

  it('gives the address of the answer, and reports the hop', async () => {
    const s = scenario([hop('/v2/responses'), fake.respond(EVENTS)], options)
    const { value } = await s.settle(s.post({ stream: false }))
    expect([value?.url, value?.redirected]).toEqual(['https://api.test/v2/responses', true])
    expect(explain(value)).toContain('answered 307 after ')
    expect(await value?.json()).toEqual(EVENTS.at(-1)?.response)
    await s.nothingIsLeft()
  })

  it('does not follow to another origin, hands over a redirect if the caller asks for that, and makes a 303 a GET', async () => {
    const away = scenario([hop('https://evil.test/v1/responses')], options)
    const { error } = await away.settle(away.post({ stream: false }))
    expect(findResilientError(error)).toMatchObject({ code: 'redirect_refused' })
    await away.nothingIsLeft({ allowHangUp: true })
    const manual = scenario([hop('/v2/responses')], options)
    const { value } = await manual.settle(manual.post({ stream: false }, { redirect: 'manual' }))
    expect([value?.status, await value?.text()]).toEqual([307, 'over there'])
    await manual.nothingIsLeft()
    const other = scenario([hop('/v1/status', 303), fake.status(200, { body: { status: 'queued' } })], options)
    const { value: got } = await other.settle(other.post({ stream: false }))
    expect(await got?.json()).toEqual({ status: 'queued' })
    expect(other.transport.requests[1]).toMatchObject({ method: 'GET' })
    await other.nothingIsLeft()
  })

  it('has totalMs for all hops together', async () => {
    const s = scenario([[fake.delay(700), hop('/v2/responses')].flat(), fake.stall()], {
      ...options,
      timeouts: { totalMs: 1000, ttfbMs: 900 },
    })
    const { error } = await s.settle(s.post({ stream: false }))
    expect(s.clock.now()).toBe(1000)
    expect(findResilientError(error)?.code).toBe('total_timeout')
    await s.nothingIsLeft()
  })
})
