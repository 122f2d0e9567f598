import { describe, expect, it } from 'vitest'
import type { CallOutcome } from '../../src/call/call.ts'
import type { ResilientError } from '../../src/errors/errors.ts'
import { failure } from '../../src/errors/failure.ts'
import { fake } from '../../src/testing/index.ts'
import { invalid } from '../support/typed.ts'
import { broken, call, DELTA, type Given, notFound, OK, type Rig } from './call-rig.ts'

const errorIn = async (r: Rig): Promise<ResilientError> => (await r.run()).error as ResilientError
const decisions = (r: Rig) =>
  r.of('retry_decision').map(({ attempt, code, decision }) => ({ attempt, code, ...decision }))

describe('a call that succeeds', () => {
  it('ends with its output, and pays into the budget', async () => {
    const r = call({ queued: true })
    const { value } = await r.run()
    const outcome = value as CallOutcome
    expect([outcome.gaveUp, outcome.attempt.number, r.refreshes]).toEqual([undefined, 1, [false]])
    expect(await r.drain(outcome)).toBe('end')
    r.over('completed')
    expect(r.call.attempts).toMatchObject([{ attempt: 1, outcome: 'committed' }])
    expect(r.count).toMatchObject({ deposits: 1, withdrawals: 0, released: 1 })
    expect(r.of('call_start')).toHaveLength(1)
    // Nothing of it listens any more.
    r.controller.abort('late')
    expect(r.scope.aborted).toBe(false)
  })

  it('after a failure needs a new attempt, after a back-off', async () => {
    const r = call({ script: [fake.reset(), fake.status(503), fake.respond(OK)] })
    const { value } = await r.run()
    expect(value?.attempt.number).toBe(3)
    expect(decisions(r)).toMatchObject([
      { attempt: 1, code: 'connection_reset', retry: true, lane: 'connection', transparent: false },
      { attempt: 2, code: 'http_status', retry: true, lane: 'pushback', transparent: false },
    ])
    const delays = decisions(r).map((decision) => ('delayMs' in decision ? decision.delayMs : 0))
    const [first, second, third] = r.of('attempt_start').map(({ atMs }) => atMs) as [number, number, number]
    expect([second - first, third - second].map((ms, n) => Math.abs(ms - (delays[n] as number)) <= 1)).toEqual([
      true,
      true,
    ])
    await r.drain(value as CallOutcome)
    r.over('completed')
    // The first reconnect is on the house.
    expect(r.count).toMatchObject({ deposits: 1, withdrawals: 1 })
  })

  it('works without a budget', async () => {
    const r = call({ noBudget: true })
    expect(await r.drain((await r.run()).value as CallOutcome)).toBe('end')
    r.over('completed')
  })

  it('whose output breaks has failed, and pays nothing', async () => {
    const r = call({ script: [broken] })
    const { value } = await r.run()
    expect(await r.drain(value as CallOutcome)).toBe('failed')
    r.over('failed', 'connection_reset')
    expect(r.count.deposits).toBe(0)
  })

  it('whose output is aborted counts as aborted, and pays nothing', async () => {
    const r = call({ script: [[fake.head(200), DELTA, fake.stall()]] })
    await r.run()
    r.controller.abort('why')
    r.over('aborted')
    expect(r.count.deposits).toBe(0)
  })
})

describe('a call that fails', () => {
  it('fails with the last real error and the history', async () => {
    const r = call({ script: [fake.reset(), fake.stall()], maxRetries: 1 })
    const error = await errorIn(r)
    expect(error).toMatchObject({
      name: 'DeadlineError',
      code: 'ttfb_timeout',
      giveUpReason: 'retries_exhausted',
      replaySafety: 'safe',
      phase: 'waiting',
      responseStarted: false,
      attempts: [
        { attempt: 1, code: 'connection_reset' },
        { attempt: 2, code: 'ttfb_timeout' },
      ],
    })
    expect(decisions(r).at(-1)).toMatchObject({ attempt: 2, retry: false, reason: 'retries_exhausted' })
    r.over('failed', 'ttfb_timeout')
  })

  it('has the response id and the numbers of its attempt', async () => {
    const created = fake.event({ type: 'response.created', sequence_number: 3, response: { id: 'resp_1' } })
    const r = call({
      script: [[fake.head(200), created, fake.reset()]],
      body: { previous_response_id: 'resp_0' },
      maxRetries: 0,
    })
    expect(await errorIn(r)).toMatchObject({
      responseId: 'resp_1',
      responseStarted: true,
      phase: 'prelude',
      continuity: 'upstream_unavailable',
    })
  })

  it('with the endpoint’s own answer hands it over', async () => {
    const r = call({ script: [fake.status(400, { body: { error: { code: 'invalid_prompt' } } })] })
    const { value } = await r.run()
    expect(value?.gaveUp).toMatchObject({ reason: 'not_retryable', failure: { code: 'http_status', status: 400 } })
    r.over('failed', 'http_status')
    expect(await r.drain(value as CallOutcome)).toBe('end')
    expect(r.call.attempts).toMatchObject([{ giveUpReason: 'not_retryable', retryAfterMs: undefined }])
    const hinted = call({ script: [fake.status(503, { headers: { 'retry-after': '99' } })] })
    await hinted.run()
    expect(hinted.call.attempts).toMatchObject([{ giveUpReason: 'hint_too_long', retryAfterMs: 99_000 }])
  })

  it('with an answer that the endpoint did not make throws', async () => {
    const r = call({
      script: [fake.status(200, { body: '<p>', headers: { 'content-type': 'text/html' } })],
      maxRetries: 0,
    })
    const error = await errorIn(r)
    expect([error.code, r.call.attempts[0]?.outcome]).toEqual(['unexpected_content', 'answered'])
    r.over('failed', 'unexpected_content')
  })

  it('by an abort fails with the caller’s reason, in any phase', async () => {
    const before = call()
    before.controller.abort('why')
    expect((await before.run()).error).toBe('why')
    before.over('aborted')
    expect([before.transport.requests, before.refreshes]).toEqual([[], []])

    const during = call({ script: [fake.stall()] })
    const running = during.call.run()
    await during.clock.advance(5)
    during.controller.abort('why')
    expect((await during.settled(running)).error).toBe('why')
    during.over('aborted')

    const between = call({ script: [fake.status(503, { headers: { 'retry-after': '5' } })] })
    const waiting = between.call.run()
    await between.clock.advance(100)
    between.controller.abort('why')
    expect((await between.settled(waiting)).error).toBe('why')
    between.over('aborted', 'http_status')
    expect(between.transport.requests).toHaveLength(1)
  })
})

describe('a credential that is refused', () => {
  it('is replaced once, which counts as no retry', async () => {
    const r = call({ script: [fake.status(401), fake.respond(OK)], canRefresh: true, maxRetries: 0 })
    expect((await r.run()).value?.attempt.number).toBe(2)
    expect(r.refreshes).toEqual([false, true])
    expect(decisions(r)).toEqual([
      { attempt: 1, code: 'http_status', retry: true, delayMs: 0, lane: 'pushback', transparent: true },
    ])
    expect(r.count.withdrawals).toBe(0)
  })

  it('is the answer when it is refused again', async () => {
    const r = call({ script: [fake.status(401), fake.status(401)], canRefresh: true })
    expect((await r.run()).value?.gaveUp?.failure.status).toBe(401)
    expect(r.refreshes).toEqual([false, true])
  })

  it('is not replaced again for a later attempt', async () => {
    const r = call({ script: [fake.status(401), fake.reset(), fake.respond(OK)], canRefresh: true })
    await r.run()
    expect(r.refreshes).toEqual([false, true, false])
  })

  it.each<[what: string, given: Given, status: number]>([
    ['by another status', { canRefresh: true }, 403],
    ['where there is no other', { canRefresh: false }, 401],
    ['where the call may double something', { canRefresh: true, body: { background: true } }, 401],
  ])('%s is the answer', async (_, given, status) => {
    const r = call({ ...given, script: [fake.status(status)] })
    expect((await r.run()).value?.gaveUp?.reason).toBe('not_retryable')
    expect(r.refreshes).toEqual([false])
  })
})

describe('a conversation that is not found', () => {
  const body = { previous_response_id: 'resp_1' }

  it('is requested again after a lost attempt, which counts as no retry', async () => {
    const r = call({ body, script: [fake.reset(), notFound(), fake.respond(OK)], maxRetries: 1, canRefresh: true })
    expect((await r.run()).value?.attempt.number).toBe(3)
    expect(decisions(r)[1]).toEqual({
      attempt: 2,
      code: 'previous_response_not_found',
      retry: true,
      delayMs: 0,
      lane: 'connection',
      transparent: true,
    })
    expect(r.refreshes).toEqual([false, false, false])
  })

  it('does not replace a credential that was replaced before', async () => {
    const r = call({
      body,
      script: [fake.status(401), notFound(), fake.respond(OK)],
      canRefresh: true,
      hook: () => ({}),
    })
    await r.run()
    expect(r.refreshes).toEqual([false, true, false])
  })

  it('is the answer at once, or when it comes again', async () => {
    const first = call({ body, script: [notFound()] })
    expect((await first.run()).value?.gaveUp).toMatchObject({ failure: { code: 'previous_response_not_found' } })
    const again = call({ body, script: [fake.reset(), notFound(), notFound()] })
    expect((await again.run()).value?.attempt.number).toBe(3)
    again.over('failed', 'previous_response_not_found')
  })

  it('may be rebuilt', async () => {
    const r = call({ body, script: [notFound(), fake.respond(OK)], hook: () => ({ input: 'all' }) })
    await r.run()
    expect(r.transport.requests.map(({ text }) => JSON.parse(text ?? ''))).toEqual([
      { stream: true, ...body },
      { stream: true, input: 'all' },
    ])
  })

  it('is the answer if no time is left for another request', async () => {
    let asked = 0
    const hook = (): object => ({ asked: asked++ })
    const r = call({ body, script: [[fake.delay(60), notFound()]], totalMs: 60, hook })
    expect((await r.run()).value?.gaveUp?.failure.code).toBe('previous_response_not_found')
    expect([r.clock.now(), asked]).toEqual([1060, 0])
  })
})

describe('a response with an unknown owner', () => {
  const ownerUnknown = { body: { previous_response_id: 'resp_1' }, target: { isOwnerUnknown: true } }

  it('is not requested', async () => {
    const r = call(ownerUnknown)
    const error = await errorIn(r)
    expect(error).toMatchObject({
      name: 'StateNotPortableError',
      code: 'state_not_portable',
      giveUpReason: 'not_retryable',
      phase: 'preparing',
      responseStarted: false,
      message:
        'It is not known which of the endpoints is the owner of previous_response_id. Name it with endpointOf(id), or rebuild the request in onPreviousResponseNotFound. (0 attempts, gave up: not_retryable)',
    })
    expect([r.transport.requests, r.refreshes]).toEqual([[], []])
    r.over('failed')
  })

  it('may be rebuilt', async () => {
    const r = call({ ...ownerUnknown, hook: () => ({ input: 'all' }) })
    expect((await r.run()).value?.attempt.number).toBe(1)
    expect(r.of('request_rebuilt')).toMatchObject([{ attempt: 0 }])
  })
})

describe('the time of a call', () => {
  it.each<[what: string, given: Given, code: string, at: number]>([
    ['in all', { totalMs: 50 }, 'total_timeout', 1050],
    ['that began with another one', { totalMs: 50, startedAt: 970 }, 'total_timeout', 1020],
    ['until there is something to show', { beforeCommitMs: 50 }, 'before_commit_timeout', 1050],
  ])('%s ends it', async (_, given, code, at) => {
    const r = call({ ...given, script: [fake.stall()] })
    const error = await errorIn(r)
    const source = code === 'before_commit_timeout' ? 'beforeCommitMs' : 'option'
    expect(error).toMatchObject({ code, deadline: { source } })
    expect(r.clock.now()).toBe(at)
    r.over('failed', code)
    // Its headers are waited for no longer, either.
    const asking = call({ ...given, headersNever: true })
    expect(await errorIn(asking)).toMatchObject({ code, phase: 'preparing', attempts: [] })
    expect(asking.clock.now()).toBe(at)
  })

  it('until the first output only applies to streams', async () => {
    const answer = fake.status(200, { body: { id: 'resp_1' } })
    const r = call({
      body: { stream: false },
      beforeCommitMs: 50,
      commitAfterMs: 20,
      script: [[fake.delay(500), answer]],
    })
    expect((await r.run()).value?.gaveUp).toBeUndefined()
    expect(r.of('attempt_commit')).toMatchObject([{ reason: 'answer' }])
  })

  it('until the hand-over of a prelude only applies to streams', async () => {
    const created = fake.event({ type: 'response.created' })
    const r = call({ commitAfterMs: 20, script: [[fake.head(200), created, fake.stall()]] })
    await r.run()
    expect([r.clock.now(), r.of('attempt_commit')]).toMatchObject([1020, [{ reason: 'commit_after' }]])
  })

  it('refuses a back-off that is longer', async () => {
    const r = call({ totalMs: 4000, script: [fake.status(503, { headers: { 'retry-after': '5' } })] })
    expect((await r.run()).value?.gaveUp?.reason).toBe('deadline_exceeded')
  })
})

describe('a call that can take its output back', () => {
  const begun = async (given: Given) => {
    const r = call({ restartable: true, ...given })
    const outcome = (await r.run()).value as CallOutcome
    expect(await r.drain(outcome)).toBe('failed')
    expect([r.count.ended, r.of('call_end')]).toEqual([0, []])
    return { ...r, outcome, failed: outcome.attempt.failed as NonNullable<typeof outcome.attempt.failed> }
  }

  it('continues after a broken attempt, with the same allowance', async () => {
    const r = await begun({ script: [broken, fake.respond(OK)], maxRetries: 1 })
    const { value } = await r.settled(r.call.restart(r.outcome.attempt, r.failed))
    expect([value?.attempt.number, decisions(r)]).toMatchObject([2, [{ attempt: 1, retry: true, lane: 'connection' }]])
    await r.drain(value as CallOutcome)
    r.over('completed')
    expect(r.count.deposits).toBe(1)
  })

  it('drops the output that was not taken', async () => {
    const r = call({ restartable: true, script: [broken, fake.respond(OK)] })
    const { attempt } = (await r.run()).value as CallOutcome
    await r.clock.settle()
    expect(r.call.errorOf(failure('connection_reset'), attempt)).toMatchObject({
      phase: 'preparing',
      responseStarted: true,
    })
    attempt.output.take()
    attempt.resume()
    await r.clock.settle()
    await r.settled(r.call.restart(attempt, failure('connection_reset')))
    expect(attempt.output.take()).toEqual({ kind: 'failed', error: undefined })
  })

  it('fails if there is no further attempt', async () => {
    const r = await begun({ script: [broken], maxRetries: 0 })
    const { error } = await r.settled(r.call.restart(r.outcome.attempt, r.failed))
    expect(error).toMatchObject({
      name: 'StreamInterruptedError',
      code: 'connection_reset',
      giveUpReason: 'retries_exhausted',
      lastSequenceNumber: 7,
    })
    expect(decisions(r)).toMatchObject([{ retry: false, reason: 'retries_exhausted' }])
    r.over('failed', 'connection_reset')
  })

  it('ends if its reader does not continue', async () => {
    const r = await begun({ script: [broken] })
    r.call.finish(r.failed)
    r.call.finish(r.failed)
    r.over('failed', 'connection_reset')
    expect(r.call.errorOf(r.failed, r.outcome.attempt)).toMatchObject({ giveUpReason: 'committed', attempts: [{}] })
  })

  it('is ended by an abort while it waits', async () => {
    const r = await begun({ script: [broken] })
    r.controller.abort('why')
    r.over('aborted', 'connection_reset')
  })

  it('ends if the failure is final', async () => {
    const failed = fake.event({ type: 'response.failed', response: { error: { code: 'invalid_prompt' } } })
    const r = call({ restartable: true, script: [[fake.head(200), DELTA, failed, fake.eof()]] })
    await r.drain((await r.run()).value as CallOutcome)
    r.over('failed', 'response_failed')
  })
})

describe('an endpoint is told', () => {
  const target = {}
  it.each<[what: string, script: NonNullable<Given['script']>, ends: readonly object[]]>([
    ['that it is alive by an answer', [fake.respond(OK)], [{ report: 'alive' }]],
    ['that it is alive by a refusal', [fake.status(400)], [{ report: 'alive', hintMs: undefined }]],
    [
      'that it failed by a pushback, and what it asked for',
      [fake.status(503, { headers: { 'retry-after-ms': '70' } })],
      [{ report: 'failed', hintMs: 70 }],
    ],
    ['that it failed by a reset', [fake.reset()], [{ report: 'failed' }]],
    ['that it failed by a certificate', [fake.connectError(invalid('CERT_HAS_EXPIRED'))], [{ report: 'failed' }]],
    ['that it is dead by its silence', [fake.stall()], [{ report: 'dead' }]],
  ])('%s', async (_, script, ends) => {
    const r = call({ target, script, maxRetries: 0 })
    const { value } = await r.run()
    if (value !== undefined) await r.drain(value)
    expect(r.ends).toMatchObject(ends)
    expect(r.of('attempt_start')).toMatchObject([{ endpoint: 'https://api.test/v1' }])
  })

  it('which response it has', async () => {
    const created = fake.event({ type: 'response.created', response: { id: 'resp_1' } })
    const r = call({ target, script: [[fake.head(200), created, fake.reset()]], maxRetries: 0 })
    await r.run()
    expect([r.ends, r.seen]).toMatchObject([[{ report: 'failed' }], ['resp_1']])
  })

  it('nothing about its health by an abort', async () => {
    const r = call({ target, script: [fake.stall()] })
    const running = r.call.run()
    await r.clock.advance(5)
    r.controller.abort('why')
    await r.settled(running)
    expect(r.ends).toStrictEqual([{ report: undefined, hintMs: undefined }])
  })

  it('nothing about its health by an attempt that lost a race', async () => {
    const r = call({ target, hedged: true, script: [fake.stall(), fake.respond(OK)] })
    const { value } = await r.run()
    expect(value?.attempt.number).toBe(2)
    await r.drain(value as CallOutcome)
    expect(r.ends.map(({ report }) => report)).toEqual([undefined, 'alive'])
  })

  it('its hint does not delay an attempt at another endpoint', async () => {
    const script = [fake.status(503, { headers: { 'retry-after': '30' } }), fake.respond(OK)]
    const r = call({ target: { hasElsewhere: true }, script })
    await r.run()
    expect(r.clock.now()).toBeLessThan(3000)
    const alone = call({ target: { hasElsewhere: false }, script })
    await alone.run()
    expect(alone.clock.now()).toBeGreaterThanOrEqual(31_000)
  })
})

it('the error of a failure without an attempt has the phase preparing', () => {
  const r = call()
  expect(r.call.errorOf(failure('connection_reset'), undefined)).toMatchObject({
    phase: 'preparing',
    responseStarted: false,
    giveUpReason: undefined,
    responseId: undefined,
    attempts: [],
  })
  expect(r.call.errorOf(failure('connection_reset', undefined, { responseId: 'resp_1' }), undefined).responseId).toBe(
    'resp_1',
  )
})
