import { describe, expect, it, vi } from 'vitest'
import { findResilientError, PreviousResponseNotFoundError, UnsupportedByEndpointError } from '../../src/index.ts'
import { fake, type JsonObject, textStream, toSSE } from '../../src/testing/index.ts'
import { invalid } from '../support/typed.ts'
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

  it('that gives nothing lets the answer surface', async () => {
    const s = scenario([notFound()], { onPreviousResponseNotFound: async () => undefined })
    expect((await s.settle(s.post(continuation))).value?.status).toBe(400)
    await s.nothingIsLeft()
  })

  it.each([
    ['throws', () => Promise.reject(new Error('no history'))],
    ['gives no body', () => invalid<JsonObject>('text')],
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
