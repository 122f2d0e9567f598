import { describe, expect, it } from 'vitest'
import { startSidecar } from '../../src/sidecar/index.ts'
import { fieldServer, jsonAnswer } from './support/field-server.ts'

/** As a program sees it: what a sidecar without retries left says about coming back. */
async function told(
  status: number,
  { code = 'x', path = '/v1/responses', maxRetries = 0, ...headers }: Readonly<Record<string, string | number>> = {},
): Promise<Headers> {
  const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
  await using server = await fieldServer([jsonAnswer(status, { error: { message: 'm', type: 'e', code } }, sent)])
  const retry = { baseDelayMs: 1, maxDelayMs: 2 }
  const options = { upstream: server.baseURL, port: 0, hedge: false, maxRetries: Number(maxRetries), retry } as const
  await using sidecar = await startSidecar(options)
  const response = await fetch(`${sidecar.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', input: 'x', stream: true }),
  })
  expect(response.status).toBe(status)
  await response.text()
  return response.headers
}

describe('Retry-After of a sidecar whose retries are used', () => {
  it.each([
    [429, { 'retry-after': '0', code: 'rate_limit_exceeded' }],
    [429, { 'retry-after': '1', code: 'rate_limit_exceeded' }],
    [429, { 'retry-after': '0', code: 'rate_limit_exceeded', maxRetries: 1 }],
    [429, { 'retry-after': 'abc', code: 'rate_limit_exceeded' }],
    [429, { 'retry-after': '1, 1', code: 'rate_limit_exceeded' }],
    [429, { 'retry-after-ms': '20', code: 'rate_limit_exceeded' }],
    [503, { 'retry-after': '0', 'retry-after-ms': '1', code: 'server_is_overloaded' }],
    [529, { 'retry-after': '0', code: 'overloaded' }],
    [500, { code: 'server_error' }],
    [502, { 'retry-after': '1' }],
    [504, {}],
    [408, {}],
    [409, {}],
    [503, { path: '/v1/files', 'retry-after': '1' }],
    [500, { path: '/v1/files' }],
  ])('is one number of at least 5 after %i with %j', async (status, sent) => {
    const headers = await told(status, sent)
    expect(headers.get('retry-after')).toMatch(/^\d+$/)
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(5)
    expect(headers.get('retry-after-ms')).toBeNull()
  })

  it.each([
    [429, { 'retry-after': '3600', code: 'rate_limit_exceeded' }],
    [503, { 'retry-after': '3600' }],
    [503, { 'retry-after': '3600', path: '/v1/files' }],
  ])('is the longer time that the upstream asks for after %i with %j', async (status, sent) => {
    expect(Number((await told(status, sent)).get('retry-after'))).toBe(3600)
  })

  it.each([400, 401, 404])('is not added to a final %i', async (status) => {
    expect((await told(status)).get('retry-after')).toBeNull()
  })

  it('is on the answer together with x-should-retry, after connections that were reset', async () => {
    // biome-ignore lint/suspicious/noThenProperty: nothing awaits an answer of a script
    await using server = await fieldServer([{ bytes: '', then: 'reset' }])
    const retry = { baseDelayMs: 1, maxDelayMs: 2 }
    await using sidecar = await startSidecar({ upstream: server.baseURL, port: 0, maxRetries: 2, hedge: false, retry })
    const response = await fetch(`${sidecar.url}/v1/responses`, { method: 'POST', body: '{"model":"m","input":"x"}' })
    expect(response.status).toBe(502)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(5)
    expect(response.headers.get('x-should-retry')).toBe('false')
    await response.text()
  })
})
