import { describe, expect, it } from 'vitest'
import { explain, findResilientError, ResilientClient, UpstreamError } from '../../src/index.ts'
import { loadHosts } from '../hosts/support/hosts.ts'
import { answer, dataFrames, fieldServer, jsonAnswer, streamAnswer } from './support/field-server.ts'
import { QUICK } from './support/play.ts'

const BUSY = jsonAnswer(
  503,
  { error: { message: 'The engine is overloaded.', type: 'server_error', code: 'engine_overloaded', param: null } },
  { 'x-request-id': 'req_9' },
)

const hosts = await loadHosts(true)

/** What a host throws of a call whose every attempt got the same answer. */
async function thrownBy(
  host: (typeof hosts)[number],
  baseURL: string,
  how: 'stream' | 'create',
  client: ResilientClient,
): Promise<unknown> {
  const connected = host.connect({ baseURL, fetch: client.fetch, maxRetries: 0 })
  try {
    if (how === 'create') await connected.create()
    else
      for await (const _ of connected.stream()) {
        // What comes before the failure.
      }
  } catch (error) {
    return error
  }
  throw new Error('the host saw no failure')
}

describe.each(hosts)('the error that $name makes of an HTTP answer', (host) => {
  it.each(['stream', 'create'] as const)('leads to the call that got five 503s: %s', async (how) => {
    await using server = await fieldServer([BUSY])
    const client = new ResilientClient({ ...QUICK, baseURL: server.baseURL })
    const error = await thrownBy(host, server.baseURL, how, client)
    const found = findResilientError(error)
    expect(found).toBeInstanceOf(UpstreamError)
    expect(found).toMatchObject({
      code: 'http_status',
      status: 503,
      upstreamCode: 'engine_overloaded',
      upstreamMessage: 'The engine is overloaded.',
      giveUpReason: 'retries_exhausted',
      requestIds: Array(5).fill('req_9'),
    })
    expect(found?.attempts).toHaveLength(5)
    // The same object whoever asks, and however often.
    expect(findResilientError(new Error('wrapped', { cause: error }))).toBe(found)
    const lines = explain(error)?.split('\n') ?? []
    expect(lines).toHaveLength(7)
    expect(lines[0]).toBe('The engine is overloaded. (503, engine_overloaded)')
    expect(lines[6]).toMatch(/^http_status: .* No further attempt: all retries are used \(`maxRetries`\)\.$/)
    expect(server.requests).toHaveLength(5)
    await client.destroy()
  })

  it('leads to the call of a final answer, even one without a message', async () => {
    await using server = await fieldServer([answer(403, '')])
    const client = new ResilientClient({ ...QUICK, baseURL: server.baseURL })
    const error = await thrownBy(host, server.baseURL, 'create', client)
    expect(findResilientError(error)).toMatchObject({ status: 403, giveUpReason: 'not_retryable' })
    const lines = explain(error)?.split('\n') ?? []
    expect(lines[0]).toBe('The endpoint gave no message, only: 403')
    expect(lines[1]).toMatch(/^attempt 1 at \d+ ms \(call began 2\S+Z\): .*answered 403/)
    expect(lines[2]).toMatch(/^http_status: .* a retry would not help\.$/)
    expect(lines).toHaveLength(3)
    await client.destroy()
  })
})

describe('the header that leads from an answer to its call', () => {
  it('is on every answer, and says why a call gave up', async () => {
    await using server = await fieldServer([
      BUSY,
      BUSY,
      streamAnswer(dataFrames({ type: 'response.completed', response: { id: 'r', status: 'completed', output: [] } })),
      streamAnswer(dataFrames({ type: 'error', code: 'insufficient_quota', message: 'No credits.' })),
    ])
    const client = new ResilientClient({ ...QUICK, baseURL: server.baseURL, maxRetries: 1 })
    const ask = () =>
      client.fetch(`${server.baseURL}/responses`, { method: 'POST', body: '{"model":"m","input":"x","stream":true}' })
    const busy = await ask()
    expect(busy.headers.get('x-resilient-responses')).toMatch(
      /^call=\d+\.[a-z\d]{6}, attempts=2, gave-up=retries_exhausted$/,
    )
    expect(busy.headers.get('x-should-retry')).toBe('false')
    expect(explain(busy)).toMatch(/^The engine is overloaded\. \(503, engine_overloaded\)\nattempt 1 /)
    await busy.text()
    const good = await ask()
    expect(good.headers.get('x-resilient-responses')).toMatch(/^call=\d+/)
    expect(good.headers.get('x-resilient-responses')).not.toContain('gave-up')
    await good.text()
    const failed = await ask()
    expect(failed.headers.get('x-resilient-responses')).toMatch(/, attempts=1, gave-up=not_retryable$/)
    expect(explain(failed)).toMatch(/^No credits\. \(insufficient_quota\)\n/)
    await failed.text()
    await client.destroy()
  })

  it('leads nowhere if an endpoint invented it, if it is from another process, and after 500 other calls', async () => {
    const forged = (value: string) =>
      Object.assign(new Error('x'), { headers: new Headers({ 'x-resilient-responses': value }) })
    for (const value of ['call=1.aaaaaa, attempts=5, gave-up=retries_exhausted', 'call=1', 'call=__proto__', ''])
      expect(findResilientError(forged(value))).toBeUndefined()
    await using server = await fieldServer([
      jsonAnswer(400, { error: { message: 'No.' } }, { 'x-resilient-responses': 'call=1' }),
    ])
    const client = new ResilientClient({ ...QUICK, baseURL: server.baseURL })
    const refusal = async () => {
      const response = await client.fetch(`${server.baseURL}/responses`, { method: 'POST', body: '{"input":"x"}' })
      await response.text()
      return Object.assign(new Error('of a host'), { response })
    }
    const first = await refusal()
    expect(findResilientError(first)).toMatchObject({ status: 400 })
    for (let i = 0; i < 500; i++) await refusal()
    expect(findResilientError(first)).toBeUndefined()
    expect(findResilientError(await refusal())).toMatchObject({ status: 400 })
    await client.destroy()
  })
})
