import { describe, expect, it, vi } from 'vitest'
import { fake, textStream, toSSE } from '../../src/testing/index.ts'
import { readAll, scenario } from './harness.ts'

const ok = textStream({ text: 'hello' })
describe('the server says no', () => {
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
