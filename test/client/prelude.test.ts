import { describe, expect, it } from 'vitest'
import { findResilientError } from '../../src/index.ts'
import { failedStream, fake, textStream, toSSE } from '../../src/testing/index.ts'
import { readAll, scenario } from './harness.ts'

const ok = textStream({ text: 'hello' })
const [created, inProgress] = ok as [(typeof ok)[0], (typeof ok)[0]]
const keepalive = { type: 'keepalive', sequence_number: 2 }
const errorEvent = (code: string, message = 'no') => ({
  type: 'error',
  sequence_number: 3,
  error: { type: 'server_error', code, message, param: null },
})

async function recovers(first: Parameters<typeof scenario>[0], options: Parameters<typeof scenario>[1] = {}) {
  const s = scenario(first, options)
  const { value } = await s.settle(s.post())
  expect((await s.settle(readAll(value as Response))).value).toEqual({ text: toSSE(ok), error: undefined })
  await s.nothingIsLeft()
  return s
}

describe('in the prelude', () => {
  it('fault 20: created, in_progress, then EOF: retried, the caller sees one clean stream', async () => {
    const s = await recovers([fake.events([created, inProgress]), fake.respond(ok)])
    expect(s.decisions()).toMatchObject([{ code: 'stream_incomplete', retry: true, lane: 'connection' }])
  })

  it('fault 21: created, keepalive, then error slow_down: withheld, backed off, retried', async () => {
    const s = await recovers([fake.events([created, keepalive, errorEvent('slow_down')]), fake.respond(ok)])
    expect(s.decisions()).toMatchObject([{ code: 'response_failed', retry: true, lane: 'pushback' }])
  })

  it('fault 22: response.failed server_is_overloaded as the first event', async () => {
    const failed = failedStream({ code: 'server_is_overloaded', message: 'busy' }).at(-1) as object
    const s = await recovers([fake.event(failed), fake.respond(ok)])
    expect(s.decisions()).toMatchObject([{ code: 'response_failed', retry: true, lane: 'pushback' }])
  })

  it('fault 23: "try again in 11.054s" is waited for, and up to a tenth of it', async () => {
    const limited = errorEvent('rate_limit_exceeded', 'Rate limit reached. Please try again in 11.054s.')
    const failed = {
      ...(failedStream({ code: 'rate_limit_exceeded', message: limited.error.message }).at(-1) as object),
    }
    const s = await recovers([fake.events([created, limited, failed]), fake.respond(ok)])
    const waitedMs = s.transport.requests[1]?.at ?? 0
    expect(s.decisions()).toMatchObject([{ retry: true, delayMs: waitedMs }])
    expect(waitedMs).toBeGreaterThanOrEqual(11_054)
    expect(waitedMs).toBeLessThan(11_054 * 1.1)
  })

  it('fault 24: heartbeats for ever: handed over by commitAfterMs, then interrupted by progressMs', async () => {
    const s = scenario([[fake.event(created), fake.repeat(fake.event(keepalive), { everyMs: 10_000 })].flat()])
    const { value } = await s.settle(s.post())
    expect(s.clock.now()).toBe(480_000)
    const { value: read } = await s.settle(readAll(value as Response))
    expect(read?.text.startsWith(toSSE([created]))).toBe(true)
    expect(read?.error).toMatchObject({ name: 'TypeError', message: 'terminated' })
    expect(findResilientError(read?.error)).toMatchObject({
      name: 'StreamInterruptedError',
      code: 'progress_timeout',
      deadline: { name: 'progress', ms: 900_000 },
    })
    await s.nothingIsLeft()
  })

  it.each([
    ['null', null],
    ['an array', ['x']],
    ['a string', 'no luck'],
    ['of wrong types', { code: 7, message: {} }],
  ])('fault 25: response.failed with an error that is %s is a generic failure', async (_name, error) => {
    const failed = { type: 'response.failed', sequence_number: 1, response: { id: 'r', status: 'failed', error } }
    const s = await recovers([fake.events([created, failed]), fake.respond(ok)])
    expect(s.decisions()).toMatchObject([{ code: 'response_failed', retry: true, lane: 'pushback' }])
  })

  it.each(['context_length_exceeded', 'insufficient_quota', 'invalid_prompt', 'cyber_policy_violation'])(
    'fault 26: %s is final at once, and the events of the endpoint are handed over',
    async (code) => {
      const events = [...failedStream({ code, message: 'no' })]
      const s = scenario([fake.respond(events)])
      const { value } = await s.settle(s.post())
      expect((await readAll(value as Response)).text).toBe(toSSE(events))
      expect(s.decisions()).toEqual([{ code: 'response_failed', retry: false, reason: 'not_retryable' }])
      await s.nothingIsLeft()
    },
  )

  it('fault 27: a prelude larger than its bound is handed over, not dropped', async () => {
    const many = Array.from({ length: 40 }, (_, index) => ({
      ...keepalive,
      sequence_number: index,
      padding: 'x'.repeat(100),
    }))
    const s = scenario([[fake.event(created), ...many.map((event) => fake.event(event)), fake.reset()].flat()], {
      limits: { preludeBytes: 2000 },
    })
    const { value } = await s.settle(s.post())
    const { value: read } = await s.settle(readAll(value as Response))
    expect(read?.text.startsWith(toSSE([created]))).toBe(true)
    expect(findResilientError(read?.error)).toMatchObject({ code: 'connection_reset', giveUpReason: 'committed' })
    expect(s.events.find((event) => event.type === 'attempt_commit')).toMatchObject({ reason: 'prelude_full' })
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('retries spent on a withheld failure: the events of that last attempt are handed over, failure included', async () => {
    const events = failedStream({ code: 'server_error', message: 'no' })
    const s = scenario([fake.respond(events), fake.respond(events)], { maxRetries: 1 })
    const { value } = await s.settle(s.post())
    expect(value?.status).toBe(200)
    expect((await readAll(value as Response)).text).toBe(toSSE(events))
    await s.nothingIsLeft()
  })

  it("commit: 'first_event' hands over at the first event of any kind, and nothing is retried afterwards", async () => {
    const s = scenario([[fake.event(created), fake.delay(10), fake.reset()].flat()], { commit: 'first_event' })
    const { value } = await s.settle(s.post())
    const { value: read } = await s.settle(readAll(value as Response))
    expect(read?.text).toBe(toSSE([created]))
    expect(findResilientError(read?.error)).toMatchObject({ code: 'connection_reset', responseId: expect.any(String) })
    await s.nothingIsLeft()
  })

  it('background and store hand over at the first event that carries the id', async () => {
    const s = scenario([[fake.event(keepalive), fake.event(created), fake.delay(10), fake.reset()].flat()])
    const { value } = await s.settle(s.post({ background: true, store: true }))
    expect(findResilientError((await s.settle(readAll(value as Response))).value?.error)?.responseId).toBeTypeOf(
      'string',
    )
    expect(s.transport.requests).toHaveLength(1)
    await s.nothingIsLeft()
  })

  it('fault 45: a page where a stream was asked for is classified, with an excerpt that shows no secret', async () => {
    const page = '<html><head><title>Login</title></head><body>api_key=planted-secret-value go away</body></html>'
    const s = scenario([fake.status(200, { headers: { 'content-type': 'text/html' }, body: page })], { maxRetries: 0 })
    const { error } = await s.settle(s.post())
    const ours = findResilientError(error)
    expect(ours).toMatchObject({ code: 'unexpected_content', responseStarted: true })
    expect(ours?.message).toContain('Login')
    expect(ours?.message).not.toContain('planted-secret-value')
    await s.nothingIsLeft()
  })

  it('fault 45: 200 with a JSON error is judged by its code', async () => {
    const body = { error: { code: 'server_error', message: 'x', type: 'server_error' } }
    const s = await recovers([fake.status(200, { body }), fake.respond(ok)])
    expect(s.decisions()).toMatchObject([{ code: 'response_failed', retry: true }])
  })

  it('an endpoint that ignores stream: true is handed on as the stream that its answer amounts to', async () => {
    const s = scenario([fake.status(200, { body: { object: 'response', id: 'r', error: null } })])
    const text = await (await s.settle(s.post())).value?.text()
    expect(text?.match(/(?<=^event: ).*/gm)).toEqual(['response.created', 'response.completed'])
    expect(text).toContain('"id":"r"')
    await s.nothingIsLeft()
  })

  it.each([204, 200])('fault 46: an empty %i on a streaming call is retried', async (status) => {
    const s = await recovers([fake.status(status), fake.respond(ok)])
    expect(s.decisions()).toMatchObject([{ code: 'empty_response', retry: true }])
  })

  it('fault 50: malformed JSON in one frame before the commit is retried', async () => {
    const s = await recovers([[fake.event(created), fake.bytes('data: {"type":\n\n')].flat(), fake.respond(ok)])
    expect(s.decisions()).toMatchObject([{ code: 'malformed_event', retry: true }])
  })

  it('an event above limits.eventBytes is final: it would come again', async () => {
    const s = scenario([fake.bytes(`data: {"type":"response.created","x":"${'y'.repeat(5000)}"}\n\n`)], {
      limits: { eventBytes: 1000 },
    })
    expect(findResilientError((await s.settle(s.post())).error)).toMatchObject({
      code: 'event_too_large',
      retryable: false,
    })
    await s.nothingIsLeft()
  })
})

describe('the prelude of an attempt without retries', () => {
  const lost = {
    type: 'response.failed',
    response: {
      id: 'r',
      status: 'failed',
      error: { code: 'previous_response_not_found', param: 'previous_response_id', message: 'not found' },
    },
  }
  const read = async (s: ReturnType<typeof scenario>, body: object) =>
    (await s.settle(readAll((await s.settle(s.post(body))).value as Response))).value

  it('is held for a continuation that the hook can rebuild: nothing of the lost one is seen', async () => {
    const s = scenario([fake.events([created, lost]), fake.respond(ok)], {
      maxRetries: 0,
      onPreviousResponseNotFound: ({ request }) => ({ ...request.body, previous_response_id: undefined }),
    })
    expect(await read(s, { previous_response_id: 'resp_1' })).toEqual({ text: toSSE(ok), error: undefined })
    await s.nothingIsLeft()
  })

  it('is held for a continuation that is asked a second time behind a lost attempt', async () => {
    const s = scenario([fake.reset(), fake.events([created, lost]), fake.respond(ok)], { maxRetries: 1 })
    expect(await read(s, { previous_response_id: 'resp_1' })).toEqual({ text: toSSE(ok), error: undefined })
    await s.nothingIsLeft()
  })

  it('is handed over where nothing can save the call', async () => {
    const s = scenario([fake.events([created, lost])], { maxRetries: 0 })
    const { text } = (await read(s, { previous_response_id: 'resp_1' })) ?? {}
    expect(text?.startsWith(toSSE([created]))).toBe(true)
    await s.nothingIsLeft()
  })

  it('is held while a hedge may take the place of its attempt', async () => {
    // The first is a lost one: it says that the response exists, and fails. The hedge brings the answer.
    const s = scenario(
      [[fake.delay(30_000), fake.events([created]), fake.reset()].flat(), [fake.delay(5000), fake.respond(ok)].flat()],
      {
        maxRetries: 0,
        hedge: { afterMs: 10_000 },
        baseURL: 'https://api.test/v1',
      },
    )
    expect((await read(s, {}))?.text).toBe(toSSE(ok))
    await s.nothingIsLeft({ allowHangUp: true })
  })
})
