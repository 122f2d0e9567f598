import { describe, expect, it } from 'vitest'
import type { Fault } from '../../src/testing/server.ts'
import { until } from '../support/until.ts'
import { type Message, TestSocket } from './support/client-socket.ts'
import { withSidecar } from './support/scene.ts'

const OPTIONS = { webSocket: true, maxRetries: 0 } as const

const SERVER_ERROR = { type: 'server_error', code: 'server_error', message: 'x' }

/** What upstreams send in place of an HTTP error, and the status that a client must get for it. */
const SHAPES: ReadonlyArray<readonly [status: number, message: Readonly<Record<string, unknown>>]> = [
  [500, { type: 'error', code: 'server_error', message: 'flat', param: null, sequence_number: 0 }],
  [500, { type: 'error', error: SERVER_ERROR }],
  [502, { type: 'error' }],
  [502, { type: 'error', error: null }],
  [502, { type: 'error', error: 'just text' }],
  [500, { type: 'error', status: 999, error: SERVER_ERROR }],
  [500, { type: 'error', status: 200, error: SERVER_ERROR }],
  [500, { type: 'error', status: 500, error: { message: 'x', code: { a: 1 }, type: ['b'] } }],
  [400, { type: 'error', status: 400, error: { message: { a: 1 }, code: null } }],
  [400, { type: 'error', status: 400, error: 'just text' }],
  [400, { type: 'error', code: 'invalid_prompt', message: 'no' }],
  [429, { type: 'error', error: { code: 'insufficient_quota', message: 'no' } }],
  [429, { type: 'error', error: { code: 'rate_limit_exceeded', message: 'no' } }],
  [503, { type: 'error', error: { code: 'slow_down', message: 'no' } }],
  [500, { sequence_number: 1, type: 'error', code: 'server_error', message: 'another order' }],
]

/** What Codex parses: it ignores an `error` message that has another form. */
const IS_SOUND = {
  type: 'error',
  error: { code: expect.any(String), type: expect.any(String), message: expect.any(String) },
  headers: expect.any(Object),
}

const sendsBefore = (event: number, message: Readonly<Record<string, unknown>>): Fault => ({
  at: 'before_event',
  event,
  effect: 'event',
  events: [message],
})

function errorsOf({ messages }: TestSocket): readonly Message[] {
  return messages.filter(({ type }) => type === 'error')
}

describe('an error message of the upstream on a WebSocket', () => {
  it.each(SHAPES)('before output reaches the client with the status %i: %j', (status, message) =>
    withSidecar(OPTIONS, async ({ sidecar, upstream, told }) => {
      upstream.script([sendsBefore(0, message), sendsBefore(1, message), 'ok'])
      const client = await TestSocket.open(sidecar)
      for (const nth of [1, 2]) {
        client.create()
        expect(await client.next('error')).toMatchObject({ status, ...IS_SOUND })
        await until(() => told.length === nth, 'the call is logged')
        expect(told.at(-1)).toMatchObject({ status })
      }
      // The WebSocket stays usable.
      await client.turn()
      expect(errorsOf(client)).toHaveLength(2)
      await client.close()
    }),
  )

  it.each(SHAPES)('after output reaches the client with the status %i and ends the WebSocket: %j', (status, message) =>
    withSidecar(OPTIONS, async ({ sidecar, upstream, told }) => {
      upstream.script([sendsBefore(6, message)])
      const client = await TestSocket.open(sidecar)
      client.create()
      expect(await client.closed).toBe(1011)
      const errors = errorsOf(client)
      expect(errors).toHaveLength(1)
      expect(errors[0]).toMatchObject({ status, ...IS_SOUND })
      expect(client.messages.at(-1)).toBe(errors[0])
      await until(() => told.length === 1, 'the call is logged')
      expect(told[0]).toMatchObject({ outcome: 'interrupted', status })
    }),
  )

  it('says when to come back where a retry can succeed, and not where it cannot', () =>
    withSidecar(OPTIONS, async ({ sidecar, upstream }) => {
      upstream.script([
        sendsBefore(0, { type: 'error', error: SERVER_ERROR, headers: { 'Retry-After': '9', 'Set-Cookie': 'a=b' } }),
        sendsBefore(0, { type: 'error', error: { code: 'insufficient_quota', message: 'no' } }),
      ])
      const client = await TestSocket.open(sidecar)
      client.create()
      expect(await client.next('error')).toMatchObject({ headers: { 'retry-after': '9' } })
      client.create()
      expect(await client.next('error')).toMatchObject({ headers: {} })
      for (const { headers } of errorsOf(client)) expect(headers).not.toHaveProperty('set-cookie')
      await client.close()
    }))

  it('is not sent to a client whose prewarm it answers', () =>
    withSidecar(OPTIONS, async ({ sidecar, upstream }) => {
      upstream.script([sendsBefore(0, { type: 'error', code: 'server_error', message: 'flat' })])
      const client = await TestSocket.open(sidecar)
      expect(await client.turn({ generate: false })).toMatch(/^resp_local_/)
      expect(errorsOf(client)).toHaveLength(0)
      await client.close()
    }))
})

describe('a response on a WebSocket that breaks off after output, with streamFailure sse_error', () => {
  it.each([
    ['a reset', { at: 'before_event', event: 6, effect: 'reset' }],
    ['a close with 1011', { at: 'before_event', event: 6, effect: 'close', code: 1011 }],
    ['a close with 1000', { at: 'before_event', event: 6, effect: 'close', code: 1000 }],
    ['an error message without a status', sendsBefore(6, { type: 'error', code: 'server_error', message: 'flat' })],
  ] as const)('ends with an error message that has a status, after %s', (_, fault: Fault) =>
    withSidecar({ ...OPTIONS, streamFailure: 'sse_error' }, async ({ sidecar, upstream, told }) => {
      upstream.script([fault, 'ok'])
      const client = await TestSocket.open(sidecar)
      client.create()
      const { status, ...error } = await client.next('error')
      expect(error).toMatchObject(IS_SOUND)
      expect([500, 502]).toContain(status)
      await until(() => told.length === 1, 'the call is logged')
      expect(told[0]).toMatchObject({ outcome: 'interrupted', status })
      await client.turn()
      await client.close()
    }),
  )
})
