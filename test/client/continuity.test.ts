import { describe, expect, it, vi } from 'vitest'
import { findResilientError, PreviousResponseNotFoundError, UnsupportedByEndpointError } from '../../src/index.ts'
import { fake, textStream, toSSE } from '../../src/testing/index.ts'
import { scenario as base, readAll } from './harness.ts'

const ok = textStream({ text: 'hello' })
const body = {
  error: {
    code: 'previous_response_not_found',
    type: 'invalid_request_error',
    param: 'previous_response_id',
    message: "Previous response with id 'resp_1' not found.",
  },
}
const notFound = () => fake.status(400, { body })
const continuation = { previous_response_id: 'resp_1' }
const scenario = (...[script, options]: Parameters<typeof base>) =>
  base(script, { baseURL: 'https://api.test/v1', ...options })

describe('fault 59: not-found behind a transport failure of the same call', () => {
  it('is asked once more with the same bytes on a new connection', async () => {
    const s = scenario([fake.reset(), notFound(), fake.respond(ok)])
    expect((await readAll((await s.settle(s.post(continuation))).value as Response)).text).toBe(toSSE(ok))
    expect(new Set(s.transport.requests.map((request) => request.text)).size).toBe(1)
    expect(s.transport.requests.map((request) => request.connection)).toEqual(['any', 'fresh', 'fresh'])
    expect(s.decisions().at(-1)).toMatchObject({ code: 'previous_response_not_found', retry: true, transparent: true })
    await s.nothingIsLeft()
  })

  it('surfaces untouched when it comes again', async () => {
    const s = scenario([fake.reset(), notFound(), notFound()])
    const { value } = await s.settle(s.post(continuation))
    expect(value?.status).toBe(400)
    expect(await value?.json()).toEqual(body)
    await s.nothingIsLeft()
  })

  it('surfaces at once when it was the first answer', async () => {
    const s = scenario([notFound()])
    expect((await s.settle(s.post(continuation))).value?.status).toBe(400)
    await s.nothingIsLeft()
  })

  it('inside a stream it is the same', async () => {
    const failed = {
      type: 'response.failed',
      sequence_number: 0,
      response: { id: 'r', status: 'failed', error: body.error },
    }
    const s = scenario([fake.reset(), fake.event(failed), fake.respond(ok)])
    expect((await readAll((await s.settle(s.post(continuation))).value as Response)).text).toBe(toSSE(ok))
    await s.nothingIsLeft()
  })
})

describe('onPreviousResponseNotFound', () => {
  it('may rebuild the request, once; telemetry tells the sizes', async () => {
    const hook = vi.fn(({ request }: { request: { body: object } }) => ({
      ...request.body,
      previous_response_id: undefined,
      input: ['all', 'of', 'it'],
    }))
    const s = scenario([notFound(), fake.respond(ok)], { onPreviousResponseNotFound: hook })
    expect((await readAll((await s.settle(s.post(continuation))).value as Response)).text).toBe(toSSE(ok))
    expect(hook).toHaveBeenCalledOnce()
    expect(hook.mock.calls[0]?.[0]).toMatchObject({
      previousResponseId: 'resp_1',
      reason: 'first_answer',
      attempts: [{ status: 400 }],
    })
    expect(s.transport.requests[1]?.json).toEqual({ model: 'm', stream: true, input: ['all', 'of', 'it'] })
    expect(s.events.find((event) => event.type === 'request_rebuilt')).toMatchObject({
      oldBytes: s.transport.requests[0]?.body.length,
      newBytes: s.transport.requests[1]?.body.length,
    })
    await s.nothingIsLeft()
  })

  it('is asked only after the second answer where an attempt had been lost, and at most once', async () => {
    const hook = vi.fn(() => ({ input: 'all' }))
    const s = scenario([fake.reset(), notFound(), notFound(), notFound()], { onPreviousResponseNotFound: hook })
    expect((await s.settle(s.post(continuation))).value?.status).toBe(400)
    expect(hook).toHaveBeenCalledOnce()
    expect(hook.mock.calls[0]).toMatchObject([{ reason: 'after_transport_failure' }])
    await s.nothingIsLeft()
  })

  it('that gives nothing lets the answer surface', async () => {
    const s = scenario([notFound()], { onPreviousResponseNotFound: async () => undefined })
    expect((await s.settle(s.post(continuation))).value?.status).toBe(400)
    await s.nothingIsLeft()
  })

  it.each([
    ['throws', () => Promise.reject(new Error('no history'))],
    ['gives no body', () => 'text' as never],
    ['never settles', () => new Promise<never>(() => {})],
  ])('that %s is typed and bounded', async (_name, hook) => {
    const s = scenario([notFound()], { onPreviousResponseNotFound: hook })
    expect(findResilientError((await s.settle(s.post(continuation))).error)).toMatchObject({ code: 'hook_failed' })
    expect(s.clock.now()).toBeLessThanOrEqual(30_000)
    await s.nothingIsLeft()
  })

  it('is not asked for a call without previous_response_id', async () => {
    const hook = vi.fn()
    const s = scenario([notFound()], { onPreviousResponseNotFound: hook })
    await s.settle(s.post())
    expect(hook).not.toHaveBeenCalled()
  })
})

describe('the typed API', () => {
  const failing = async (script: Parameters<typeof base>[0], params: object = continuation) => {
    const s = scenario(script)
    const { error } = await s.settle(s.client.responses.create({ input: 'hi', ...params }))
    await s.nothingIsLeft()
    return error
  }

  it('throws PreviousResponseNotFoundError only for the word of the endpoint', async () => {
    expect(await failing([notFound()])).toBeInstanceOf(PreviousResponseNotFoundError)
    const lost = await failing(Array.from({ length: 5 }, () => fake.reset()))
    expect(lost).not.toBeInstanceOf(PreviousResponseNotFoundError)
    expect(lost).toMatchObject({ retryable: true, continuity: 'upstream_unavailable' })
    const unwell = await failing(Array.from({ length: 5 }, () => fake.status(503)))
    expect(unwell).toMatchObject({
      name: 'UpstreamError',
      status: 503,
      retryable: true,
      continuity: 'upstream_unavailable',
    })
  })

  it.each([
    ['Unsupported parameter: previous_response_id', 'previous_response_id', /whole input/],
    ['Store must be set to false', 'store', /store: false/],
    ['Stream must be set to true', 'stream', /upgradeToStream/],
  ])(
    '%s: UnsupportedByEndpointError names the parameter and what works; nothing is stripped',
    async (detail, parameter, advice) => {
      const error = await failing([fake.status(400, { body: { detail } })])
      expect(error).toBeInstanceOf(UnsupportedByEndpointError)
      expect(error).toMatchObject({ parameter, status: 400, retryable: false, message: expect.stringMatching(advice) })
    },
  )
})

describe('the replay table, cell by cell', () => {
  const once = () => ({ body: new Blob(['{"stream":true}']).stream(), duplex: 'half' }) as RequestInit
  const CELLS: Array<
    [
      string,
      object,
      () => RequestInit,
      string,
      Parameters<typeof base>[0] extends infer S ? Extract<S, readonly unknown[]>[number] : never,
      boolean,
    ]
  > = [
    ['plain', {}, () => ({}), 'not sent', fake.connectError(), true],
    ['plain', {}, () => ({}), 'sent, no answer', fake.reset(), true],
    ['plain', {}, () => ({}), 'refused', fake.status(503), true],
    ['continuation', continuation, () => ({}), 'not sent', fake.connectError(), true],
    ['continuation', continuation, () => ({}), 'sent, no answer', fake.reset(), true],
    ['continuation', continuation, () => ({}), 'failed', fake.status(500), true],
    ['conversation', { conversation: 'c' }, () => ({}), 'not sent', fake.connectError(), true],
    ['conversation', { conversation: 'c' }, () => ({}), 'sent, no answer', fake.reset(), false],
    ['conversation', { conversation: 'c' }, () => ({}), 'refused', fake.status(429), true],
    ['conversation', { conversation: 'c' }, () => ({}), 'failed', fake.status(500), false],
    ['background', { background: true }, () => ({}), 'not sent', fake.connectError(), true],
    ['background', { background: true }, () => ({}), 'sent, no answer', fake.reset(), false],
    ['background', { background: true }, () => ({}), 'refused', fake.status(503), true],
    ['background', { background: true }, () => ({}), 'failed', fake.status(502), false],
    ['a body read once', {}, once, 'unread', fake.connectError(), true],
    ['a body read once', {}, once, 'sent, no answer', fake.reset(), false],
    ['a body read once', {}, once, 'refused', fake.status(503), false],
  ]
  it.each(CELLS)('%s %o (%s) %s', async (_name, extra, init, _seen, failure, repeated) => {
    const s = scenario(repeated ? [failure, fake.respond(ok)] : [failure])
    const { value } = await s.settle(s.post(extra, init()))
    if (repeated) await readAll(value as Response)
    expect(s.transport.requests).toHaveLength(repeated ? 2 : 1)
    await s.nothingIsLeft()
  })

  it.each([{ conversation: 'c' }, { background: true }])(
    'retryUnknown: true repeats %o all the same',
    async (extra) => {
      const s = scenario([fake.reset(), fake.respond(ok)], { retryUnknown: true })
      await readAll((await s.settle(s.post(extra))).value as Response)
      expect(s.transport.requests).toHaveLength(2)
      await s.nothingIsLeft()
    },
  )
})
