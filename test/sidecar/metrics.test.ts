import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Sidecar } from '../../src/sidecar/index.ts'
import type { Fault } from '../../src/testing/server.ts'
import { until } from '../support/until.ts'
import { TestSocket } from './support/client-socket.ts'
import { ask, JSON_HEADERS, stream } from './support/requests.ts'
import { withSidecar } from './support/scene.ts'

afterEach(() => {
  vi.doUnmock('prom-client')
  vi.resetModules()
})

async function metricsOf(sidecar: Sidecar, headers: Record<string, string> = {}): Promise<Map<string, number>> {
  const { status, text } = await ask(sidecar, { path: '/metrics', headers })
  expect(status).toBe(200)
  const rows = text.split('\n').filter((row) => row !== '' && !row.startsWith('#'))
  return new Map(
    rows.map((row) => {
      const at = row.lastIndexOf(' ')
      return [row.slice(0, at).replace('resilient_responses_sidecar_', ''), Number(row.slice(at + 1))]
    }),
  )
}

const refused: Fault = {
  at: 'headers',
  effect: 'status',
  status: 400,
  body: { error: { code: 'invalid_prompt', message: 'no', type: null, param: null } },
}

const FAILED = { code: 'server_error', message: 'no' }

describe('/metrics', () => {
  it('counts calls by outcome, attempts by code, and times them', () =>
    withSidecar({ webSocket: true, upgradeToStream: false }, async ({ sidecar, upstream, told }) => {
      upstream.script([{ at: 'headers', effect: 'reset' }, 'ok', refused, 'ok'])
      const client = await TestSocket.open(sidecar)
      await client.turn()
      await client.close()
      await (await stream(sidecar)).text()
      const body = JSON.stringify({ model: 'gpt-5.2', input: 'hi' })
      await ask(sidecar, { method: 'POST', path: '/v1/responses', headers: JSON_HEADERS, body })
      await until(() => told.length === 3, 'the calls are over')
      const metrics = await metricsOf(sidecar)
      expect(metrics.get('calls_total{outcome="completed",status="200",model="gpt-5.2"}')).toBe(2)
      expect(metrics.get('calls_total{outcome="completed",status="400",model="gpt-5.2"}')).toBe(1)
      expect(metrics.get('attempts_total{transport="websocket",code="connection_reset"}')).toBe(1)
      expect(metrics.get('attempts_total{transport="websocket",code="ok"}')).toBe(1)
      expect(metrics.get('attempts_total{transport="http",code="ok"}')).toBe(1)
      expect(metrics.get('call_duration_seconds_count{outcome="completed"}')).toBe(3)
      expect(metrics.get('first_event_seconds_count{model="gpt-5.2"}')).toBe(1)
    }))

  it.each([true, false])(
    'counts a stream that ended with a failure as interrupted; over a WebSocket: %s',
    (webSocket) =>
      withSidecar({ webSocket, maxRetries: 0, streamFailure: 'sse_error' }, async ({ sidecar, upstream, told }) => {
        const response = { id: 'resp_mock_2', object: 'response', status: 'failed', error: FAILED, output: [] }
        const failed = { type: 'response.failed', sequence_number: 5, response }
        upstream.script([
          { at: 'before_event', event: 6, effect: 'reset' },
          { at: 'before_event', event: 6, effect: 'event', events: [failed] },
          'ok',
        ])
        const client = webSocket ? await TestSocket.open(sidecar) : undefined
        for (const type of ['error', 'response.failed', 'response.completed']) {
          if (client === undefined) expect(await (await stream(sidecar)).text()).toContain(type)
          else {
            client.create()
            await client.next(type)
          }
        }
        await until(() => told.length === 3, 'the calls are over')
        expect(told.map(({ outcome }) => outcome)).toEqual(['interrupted', 'interrupted', 'completed'])
        expect(told[1]).toMatchObject({ status: 200, code: 'response_failed' })
        const metrics = await metricsOf(sidecar)
        expect(metrics.get('calls_total{outcome="completed",status="200",model="gpt-5.2"}')).toBe(1)
        await client?.close()
      }),
  )

  it('shows what is under way', () =>
    withSidecar({}, async ({ sidecar, upstream }) => {
      upstream.script([{ at: 'before_event', event: 6, effect: 'stall' }])
      const response = await stream(sidecar)
      const metrics = await metricsOf(sidecar)
      expect(metrics.get('calls_in_flight')).toBe(1)
      expect(metrics.get('upstream_connections')).toBe(1)
      expect(metrics.get('buffered_bytes')).toBeGreaterThan(0)
      expect(metrics.get('clients')).toBeGreaterThan(1)
      expect(metrics.get('resident_memory_bytes')).toBeGreaterThan(1e6)
      upstream.release()
      await response.text()
    }))

  it('has few series, whatever names of models clients send', () =>
    withSidecar({}, async ({ sidecar }) => {
      const names = Array.from({ length: 80 }, (_, i) => `model-${i}`)
      for (const model of [...names, 'a"} 1\nevil 1', 'x'.repeat(200), 'sk-secret key']) {
        const body = JSON.stringify({ model, input: 'a prompt' })
        await ask(sidecar, { method: 'POST', path: '/v1/responses?key=in-the-query', headers: JSON_HEADERS, body })
      }
      const metrics = await metricsOf(sidecar)
      const calls = [...metrics.keys()].filter((key) => key.startsWith('calls_total'))
      expect(calls).toHaveLength(51)
      expect(metrics.get('calls_total{outcome="completed",status="200",model="other"}')).toBe(33)
      const { text } = await ask(sidecar, { path: '/metrics' })
      for (const word of ['evil', 'secret', 'prompt', 'key-of-the-client', 'in-the-query'])
        expect(text).not.toContain(word)
    }))

  it('is for those who know the token, by either header', () =>
    withSidecar({ token: 'token-of-the-sidecar' }, async ({ sidecar, upstream }) => {
      expect(await ask(sidecar, { path: '/metrics' })).toMatchObject({ status: 401 })
      expect(await ask(sidecar, { path: '/metrics', headers: { host: 'evil.example' } })).toMatchObject({ status: 421 })
      await metricsOf(sidecar, { authorization: 'Bearer token-of-the-sidecar' })
      await metricsOf(sidecar, { 'x-sidecar-token': 'token-of-the-sidecar' })
      const post = { method: 'POST', path: '/metrics', headers: { 'x-sidecar-token': 'token-of-the-sidecar' } }
      expect(await ask(sidecar, post)).toMatchObject({ status: 405 })
      expect(upstream.requests).toHaveLength(0)
    }))

  it('is 501 where prom-client is not installed, and says what to install', async () => {
    vi.doMock('prom-client', () => {
      throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
    })
    vi.resetModules()
    const scene = await import('./support/scene.ts')
    await scene.withSidecar({}, async ({ sidecar }) => {
      const { status, text } = await ask(sidecar, { path: '/metrics' })
      expect(status).toBe(501)
      expect(text).toContain('npm install prom-client')
      expect(await (await stream(sidecar)).text()).toContain('response.completed')
    })
  })
})
