import { createServer } from 'node:net'
import { zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SidecarLogEntry, SidecarOptions } from '../../src/sidecar/index.ts'
import { type Sidecar, startSidecar } from '../../src/sidecar/index.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import { type Fault, MockResponsesServer } from '../../src/testing/server.ts'
import { noClientSocketsLeft } from '../support/proc-net.ts'
import { turns, until, within } from '../support/until.ts'
import { ask, JSON_HEADERS, stream } from './support/requests.ts'

let upstream: MockResponsesServer
let sidecar: Sidecar
let clock: VirtualClock
let told: SidecarLogEntry[]

beforeEach(async () => {
  upstream = await MockResponsesServer.start()
  clock = new VirtualClock()
  told = []
})

afterEach(async () => {
  await sidecar.close()
  expect(sidecar.stats()).toMatchObject({ calls: 0, clients: 0, bufferedBytes: 0, connections: 0 })
  await upstream.close()
  await noClientSocketsLeft(upstream.port)
})

async function start(options: SidecarOptions = {}): Promise<void> {
  sidecar = await startSidecar({
    upstream: upstream.baseURL,
    port: 0,
    hedge: false,
    onCall: (entry) => told.push(entry),
    ...options,
  })
}

const refused = (status: number, code: string): Fault => ({
  at: 'headers',
  effect: 'status',
  status,
  body: { error: { code, message: `refused: ${code}`, type: null, param: null } },
})

const failedWith = (code: string) => ({
  type: 'response.failed',
  sequence_number: 0,
  response: { id: 'resp_1', object: 'response', status: 'failed', error: { code, message: 'no' }, output: [] },
})

const errorOf = (text: string): { code: string; message: string; type: string } =>
  (JSON.parse(text) as { error: { code: string; message: string; type: string } }).error

describe('what passes through the sidecar', () => {
  it('sends the bytes of the client up and those of the upstream down', async () => {
    await start()
    const response = await stream(sidecar)
    const text = await response.text()
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect(text).toContain('response.completed')
    const [request] = upstream.requests
    expect(request).toMatchObject({ method: 'POST', path: '/v1/responses' })
    expect(request?.headers).toMatchObject({ authorization: 'Bearer key-of-the-client' })
    await until(() => told.length === 1, 'the call is logged')
    expect(told[0]).toMatchObject({
      id: 1,
      path: '/v1/responses',
      model: 'gpt-5.2',
      status: 200,
      outcome: 'completed',
      attempts: 1,
      bytes: text.length,
    })
  })

  it('takes every path that clients use', async () => {
    await start()
    for (const path of ['/v1/responses', '/responses', '/backend-api/codex/responses']) {
      const body = JSON.stringify({ model: 'gpt-5.2', input: 'hi' })
      expect(await ask(sidecar, { method: 'POST', path, headers: JSON_HEADERS, body })).toMatchObject({ status: 200 })
    }
    expect(upstream.requests.map(({ path }) => path)).toEqual(Array(3).fill('/v1/responses'))
  })

  it('sends a compressed body as it came, and still knows a stream by it', async () => {
    await start()
    const body = zstdCompressSync(JSON.stringify({ model: 'gpt-5.2', input: 'hi', stream: true }))
    const headers = { ...JSON_HEADERS, 'content-encoding': 'zstd' }
    const answer = await ask(sidecar, { method: 'POST', path: '/v1/responses', headers, body })
    expect(answer.status).toBe(200)
    expect(answer.text).toContain('response.completed')
    expect(upstream.requests[0]?.headers['content-encoding']).toBe('zstd')
  })

  it("sends its own key in the place of the client's", async () => {
    await start({ apiKey: 'key-of-the-sidecar' })
    await (await stream(sidecar)).text()
    expect(upstream.requests[0]?.headers.authorization).toBe('Bearer key-of-the-sidecar')
  })

  it("hands on the upstream's own refusal as it was", async () => {
    await start()
    upstream.script([refused(400, 'context_length_exceeded')])
    const response = await stream(sidecar)
    expect(response.status).toBe(400)
    expect(errorOf(await response.text()).code).toBe('context_length_exceeded')
    expect(upstream.requests).toHaveLength(1)
  })
})

describe('a call without stream', () => {
  const create = (more: object = {}) =>
    ask(sidecar, {
      method: 'POST',
      path: '/v1/responses',
      headers: JSON_HEADERS,
      body: JSON.stringify({ model: 'gpt-5.2', input: 'hi', store: false, ...more }),
    })
  const sent = () => upstream.requests.map(({ json }) => (json as { stream?: boolean }).stream)

  it('is repeated over a silent connection and after a break at any point, and gets the JSON of its response', async () => {
    await start({ timeouts: { ttfbMs: 200, idleMs: 200 } })
    upstream.script([{ at: 'headers', effect: 'stall' }, { at: 'before_event', event: 6, effect: 'reset' }, 'ok'])
    const { status, headers, text } = await create({ stream: false })
    expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type: 'application/json' })
    expect(JSON.parse(text)).toMatchObject({ object: 'response', status: 'completed', output: [{ type: 'message' }] })
    const failures = ['ttfb_timeout', 'connection_reset']
    expect(told).toMatchObject([{ status: 200, outcome: 'completed', attempts: 3, failures }])
    expect(sent()).toEqual([true, true, true])
  })

  it('gets 504 once no retry is left, however long a client would wait', async () => {
    await start({ timeouts: { ttfbMs: 100 }, maxRetries: 1 })
    upstream.script([
      { at: 'headers', effect: 'stall' },
      { at: 'headers', effect: 'stall' },
    ])
    const { status, text } = await create()
    expect({ status, code: errorOf(text).code }).toEqual({ status: 504, code: 'upstream_request_timeout' })
  })

  it('goes up as it came with upgradeToStream: false', async () => {
    await start({ upgradeToStream: false })
    expect((await create()).status).toBe(200)
    expect(sent()).toEqual([undefined])
  })
})

describe('an upstream that fails', () => {
  it('is asked again until it answers: the client sees one answer', async () => {
    await start()
    upstream.script([{ at: 'headers', effect: 'reset' }, { at: 'before_event', event: 1, effect: 'reset' }, 'ok'])
    const text = await (await stream(sidecar)).text()
    expect(text.match(/response\.created/g)).toHaveLength(2)
    expect(text).toContain('response.completed')
    await until(() => told.length === 1, 'the call is logged')
    expect(told[0]).toMatchObject({ status: 200, attempts: 3 })
  })

  it('is a 502 with the cause when it is not there, never a 400 or a 404', async () => {
    await start({ maxRetries: 0 })
    upstream.refuseConnections()
    const response = await stream(sidecar, { previous_response_id: 'resp_1' })
    expect(response.status).toBe(502)
    const error = errorOf(await response.text())
    expect(error).toMatchObject({ code: 'upstream_unavailable', type: 'server_error' })
    expect(error.message).toContain('connection_refused')
    await upstream.acceptConnections()
  })

  it('is a 504 when it never answers', async () => {
    await start({ maxRetries: 0, timeouts: { ttfbMs: 1000 }, clock })
    upstream.script([{ at: 'headers', effect: 'stall' }])
    const response = stream(sidecar)
    await upstream.waitFor('fault')
    await clock.advance(1000)
    expect((await response).status).toBe(504)
    expect(errorOf(await (await response).text()).code).toBe('upstream_request_timeout')
  })

  it('says when to come back where it is overloaded without a hint', async () => {
    await start({ maxRetries: 0 })
    upstream.script([refused(503, 'server_is_overloaded')])
    const response = await stream(sidecar)
    expect(response.status).toBe(503)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(5)
  })

  it.each([
    ['server_is_overloaded', 503],
    ['slow_down', 503],
    ['rate_limit_exceeded', 429],
  ])('gives the status that %s means, where it came as an event of a stream', async (code, status) => {
    await start({ maxRetries: 0 })
    upstream.script([{ at: 'before_event', event: 1, effect: 'event', events: [failedWith(code)] }])
    const response = await stream(sidecar)
    expect(response.status).toBe(status)
    expect(response.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(errorOf(await response.text()).code).toBe(code)
  })

  it('keeps a used-up quota as it was', async () => {
    await start()
    upstream.script([refused(429, 'insufficient_quota')])
    const response = await stream(sidecar)
    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBeNull()
    await response.text()
  })

  it('that breaks off after output breaks the connection of the client', async () => {
    await start()
    upstream.script([{ at: 'before_event', event: 6, effect: 'reset' }])
    const response = await stream(sidecar)
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow()
    await until(() => told.length === 1, 'the call is logged')
    expect(told[0]).toMatchObject({ outcome: 'interrupted' })
  })
})

describe('a client of the sidecar that waits', () => {
  it('gets a sign of life between frames after silence, and no sooner', async () => {
    await start({ clock })
    upstream.script([{ at: 'before_event', event: 6, effect: 'stall' }])
    const response = await stream(sidecar)
    const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader()
    await upstream.waitFor('fault')
    let seen = (await reader.read()).value ?? ''
    await turns(20)
    await clock.advance(14_000)
    await turns(20)
    await clock.advance(1001)
    while (!seen.includes('keepalive')) seen += (await within(reader.read(), 'a keepalive')).value ?? ''
    expect(seen).toMatch(/\n\ndata: \{"type":"keepalive"\}\n\n$/)
    upstream.release()
    for (let done = false; !done; ) {
      const read = await reader.read()
      done = read.done
      seen += read.value ?? ''
    }
    expect(seen).toContain('response.completed')
  })

  it('is told 200 after holdMs, and later failures as an event', async () => {
    await start({ clock, maxRetries: 0, holdMs: 5000, timeouts: { ttfbMs: 20_000 } })
    upstream.script([{ at: 'headers', effect: 'stall' }])
    const pending = stream(sidecar)
    await upstream.waitFor('fault')
    await clock.advance(5000)
    const response = await pending
    expect(response.status).toBe(200)
    const text = response.text()
    await clock.advance(15_000)
    expect(await text).toBe(`data: {"type":"keepalive"}\n\nevent: error\n${(await text).split('\n').at(-3)}\n\n`)
    expect(await text).toContain('upstream_request_timeout')
  })

  it('is told the words of a refusal that comes after holdMs', async () => {
    await start({ clock, maxRetries: 0, holdMs: 5000, keepalive: 'off' })
    upstream.script([[{ at: 'headers', effect: 'stall' }, refused(400, 'context_length_exceeded')]])
    const pending = stream(sidecar)
    await upstream.waitFor('fault')
    await clock.advance(5000)
    const response = await pending
    upstream.release()
    const text = await response.text()
    expect(text).toMatch(/^event: error\ndata: .*"code":"context_length_exceeded".*\n\n$/)
    await until(() => told.length === 1, 'the call is logged')
    expect(told[0]).toMatchObject({ status: 200, code: 'context_length_exceeded' })
  })

  it('and leaves frees the upstream', async () => {
    await start()
    upstream.script([{ at: 'before_event', event: 3, effect: 'stall' }])
    const controller = new AbortController()
    const pending = stream(sidecar, {}, controller.signal)
    await upstream.waitFor('fault')
    controller.abort()
    await expect(pending).rejects.toThrow()
    await upstream.waitFor('connection_closed')
    await until(() => told.length === 1, 'the call is logged')
    expect(told[0]).toMatchObject({ outcome: 'left' })
  })
})

describe('what the sidecar refuses', () => {
  it('a body above the bound, whether it is announced or not', async () => {
    await start({ maxBodyBytes: 100 })
    const body = JSON.stringify({ model: 'gpt-5.2', input: 'x'.repeat(200) })
    const asked = { method: 'POST', path: '/v1/responses', headers: JSON_HEADERS, body }
    expect((await ask(sidecar, asked)).status).toBe(413)
    const chunked = { ...asked, headers: { ...JSON_HEADERS, 'transfer-encoding': 'chunked' } }
    expect((await ask(sidecar, chunked)).status).toBe(413)
    expect(upstream.requests).toHaveLength(0)
  })

  it('bodies that together are above the bound, with a time to come back', async () => {
    await start({ maxBodyBytes: 100, maxBufferedBytes: 100 })
    upstream.script([{ at: 'headers', effect: 'stall' }])
    const body = JSON.stringify({ model: 'gpt-5.2', input: 'x'.repeat(30) })
    const asked = { method: 'POST', path: '/v1/responses', headers: JSON_HEADERS, body }
    const first = ask(sidecar, asked)
    await upstream.waitFor('fault')
    const second = await ask(sidecar, asked)
    expect(second.status).toBe(503)
    expect(Number(second.headers['retry-after'])).toBeGreaterThanOrEqual(5)
    upstream.release()
    await first
  })

  it('a stranger by name, a page of another origin, a path that leaves the upstream', async () => {
    await start()
    expect((await ask(sidecar, { headers: { host: 'evil.example' } })).status).toBe(421)
    expect((await ask(sidecar, { headers: { origin: 'https://evil.example' } })).status).toBe(403)
    expect((await ask(sidecar, { path: '/v1/../secret' })).status).toBe(404)
    expect((await ask(sidecar, { path: 'http://evil.example/v1/models' })).status).toBe(404)
    expect(upstream.requests).toHaveLength(0)
  })

  it('an upgrade, at once, so that the client falls back to HTTP', async () => {
    await start()
    const answer = await ask(sidecar, {
      path: '/v1/responses',
      headers: { connection: 'upgrade', upgrade: 'websocket' },
    })
    expect(answer.status).toBe(426)
  })

  it.each([
    [{ upstream: 'http://127.0.0.1:1/v1', host: '0.0.0.0' }, /host: other machines can reach this address/],
    [{}, /upstream: give either upstream/],
    [{ upstream: 'http://127.0.0.1:1/v1', token: 'short' }, /token: got/],
    [{ upstream: 'http://127.0.0.1:1/v1', keepalive: 'yes' }, /keepalive: got 'yes'/],
    [{ upstream: 'http://127.0.0.1:1/v1', port: 99_999 }, /port: got 99999/],
    [{ upstream: 'http://127.0.0.1:1/v1', whatever: 1 }, /Unknown option 'whatever' of the sidecar/],
  ])('options that are not accepted: %j', async (options, message) => {
    await start()
    await expect(startSidecar(options as SidecarOptions)).rejects.toThrow(message)
  })

  it('a port that is in use, in words', async () => {
    await start()
    const other = createServer()
    const port = await new Promise<number>((resolve) =>
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port)),
    )
    await expect(startSidecar({ upstream: upstream.baseURL, port })).rejects.toThrow(
      `port: ${port} of 127.0.0.1 is in use`,
    )
    await new Promise((resolve) => other.close(resolve))
  })
})

describe('the end of a sidecar', () => {
  it('lets calls under way finish, takes no others, and says so', async () => {
    await start()
    upstream.script([{ at: 'before_event', event: 6, effect: 'stall' }])
    const response = await stream(sidecar)
    await upstream.waitFor('fault')
    expect((await ask(sidecar, { path: '/readyz' })).status).toBe(200)
    const closed = sidecar.close()
    expect(sidecar.stats().isDraining).toBe(true)
    expect((await ask(sidecar, { path: '/readyz' })).status).toBe(503)
    expect((await ask(sidecar, { path: '/healthz' })).status).toBe(200)
    const late = await ask(sidecar, { method: 'POST', path: '/v1/responses', headers: JSON_HEADERS, body: '{}' })
    expect(late.status).toBe(503)
    expect(errorOf(late.text).code).toBe('sidecar_draining')
    expect(Number(late.headers['retry-after'])).toBeGreaterThanOrEqual(5)
    upstream.release()
    expect(await response.text()).toContain('response.completed')
    await closed
    await expect(ask(sidecar, { path: '/readyz' })).rejects.toThrow()
  })

  it('ends at the second call of close', async () => {
    await start()
    upstream.script([{ at: 'before_event', event: 6, effect: 'stall' }])
    const response = await stream(sidecar)
    const text = response.text()
    await upstream.waitFor('fault')
    void sidecar.close()
    await sidecar.close()
    await expect(text).rejects.toThrow()
  })

  it('ends what is left after drainMs', async () => {
    await start({ clock, drainMs: 60_000 })
    upstream.script([{ at: 'headers', effect: 'stall' }])
    const response = stream(sidecar)
    await upstream.waitFor('fault')
    const closed = sidecar.close()
    await clock.advance(60_000)
    await closed
    expect((await response.catch(() => undefined))?.status).toBeOneOf([503, undefined])
  })
})
