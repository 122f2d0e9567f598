import { describe, expect, it } from 'vitest'
import { failedStream, VirtualClock } from '../../src/testing/index.ts'
import type { Fault } from '../../src/testing/server.ts'
import { turns } from '../support/until.ts'
import { ask, JSON_HEADERS } from './support/requests.ts'
import { type SidecarScene, withSidecar } from './support/scene.ts'

const answered = (status: number, headers: Record<string, string>, code = 'some_code'): Fault => ({
  at: 'headers',
  effect: 'status',
  status,
  headers,
  body: { error: { code, message: 'not now', type: 'some_type', param: null } },
})

const raw = (status: string, lines: readonly string[]): Fault => {
  const body = '{"error":{"code":"some_code","message":"not now"}}'
  const head = [`HTTP/1.1 ${status}`, 'content-type: application/json', `content-length: ${body.length}`, ...lines]
  return { at: 'headers', effect: 'garbage', bytes: `${head.join('\r\n')}\r\n\r\n${body}` }
}

async function create({ sidecar }: SidecarScene, stream = true) {
  const body = JSON.stringify({ model: 'gpt-5.2', input: 'hi', stream })
  return ask(sidecar, { method: 'POST', path: '/v1/responses', headers: JSON_HEADERS, body })
}

/** Short hints, so that the one retry comes soon. */
const FAST = { maxRetries: 1, retry: { baseDelayMs: 1, maxDelayMs: 2 } } as const

describe('an answer that another attempt may heal', () => {
  const cases: readonly (readonly [string, Fault])[] = [
    ['429 with 0', answered(429, { 'retry-after': '0' })],
    ['429 with garbage', answered(429, { 'retry-after': 'abc' })],
    ['429 with a negative number', answered(429, { 'retry-after': '-5' })],
    ['429 without a hint', answered(429, {})],
    ['503 with 0 and milliseconds', answered(503, { 'retry-after': '0', 'retry-after-ms': '1' })],
    ['503 with two hints', raw('503 Busy', ['retry-after: 0', 'retry-after: 0'])],
    ['503 with milliseconds alone', answered(503, { 'retry-after-ms': '20' })],
    ["503 with Azure's hint", answered(503, { 'x-ms-retry-after-ms': '20' })],
    ['529', answered(529, { 'retry-after': '0' })],
    ...[408, 409, 425, 500, 502, 504].map((status) => [`${status} without a hint`, answered(status, {})] as const),
  ]

  it.each(cases)('has one Retry-After of 5 s at least, once the retries are spent: %s', (_, fault) =>
    withSidecar(FAST, async (scene) => {
      scene.upstream.addFaults(fault)
      for (const stream of [true, false]) {
        const { headers } = await create(scene, stream)
        expect(headers['retry-after']).toMatch(/^\d+$/)
        expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(5)
        expect(headers['retry-after-ms']).toBeUndefined()
        expect(headers['x-ms-retry-after-ms']).toBeUndefined()
        expect(headers['x-should-retry']).toBe('false')
      }
    }),
  )

  it('keeps a longer hint of the upstream, in whole seconds', () =>
    withSidecar({ ...FAST, retry: { maxHintMs: 1000 } }, async (scene) => {
      scene.upstream.script([answered(429, { 'retry-after-ms': '30500' })])
      expect((await create(scene)).headers['retry-after']).toBe('31')
    }))

  it.each([
    ['server_is_overloaded', 503],
    ['slow_down', 503],
    ['rate_limit_exceeded', 429],
  ] as const)('is an overload of that name in a stream, also for a call without `stream`: %s', (code, status) =>
    withSidecar(FAST, async (scene) => {
      const events = failedStream({ code })
      scene.upstream.addFaults({ at: 'before_event', event: 0, effect: 'event', events })
      for (const stream of [true, false]) {
        const answer = await create(scene, stream)
        expect(answer.status).toBe(status)
        expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(5)
        expect(String(answer.text)).toContain(code)
      }
    }),
  )

  it('is also what the sidecar says itself of an upstream that is not there', async () => {
    const clock = new VirtualClock()
    await withSidecar({ ...FAST, clock }, async (scene) => {
      scene.upstream.refuseConnections()
      let isOver = false
      const answer = create(scene).finally(() => {
        isOver = true
      })
      // The retries of a refused connection back off.
      while (!isOver) {
        await clock.advance(1000)
        await turns()
      }
      const { status, headers } = await answer
      expect(status).toBe(502)
      expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(5)
      expect(headers['x-should-retry']).toBe('false')
      await scene.upstream.acceptConnections()
    })
  })
})

describe('an answer that no attempt heals', () => {
  it.each([
    ['a used-up quota', answered(429, { 'retry-after': '0' }, 'insufficient_quota'), '0'],
    ['a refusal', answered(400, { 'retry-after': 'abc' }), 'abc'],
    ['a refusal without a hint', answered(404, {}), undefined],
  ])('keeps its Retry-After as it was: %s', (_, fault, hint) =>
    withSidecar(FAST, async (scene) => {
      scene.upstream.script([fault])
      expect((await create(scene)).headers['retry-after']).toBe(hint)
      expect(scene.upstream.requests).toHaveLength(1)
    }),
  )
})
