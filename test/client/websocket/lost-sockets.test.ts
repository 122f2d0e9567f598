import { describe, expect, it } from 'vitest'
import { type ResponseCreateParams, StreamInterruptedError } from '../../../src/index.ts'
import type { Fault } from '../../../src/testing/server.ts'
import { standIn } from '../../support/typed.ts'
import { until } from '../../support/until.ts'
import { HTTP, INCREMENT, type SocketScene, WHOLE, withSockets } from './scene.ts'

const user = (content: string) => ({ type: 'message', role: 'user', content }) as const
const FIRST = [user('Hello')]
const ask = (input: unknown) => standIn<ResponseCreateParams>({ model: 'm', store: false, input })

/** The first turn of a conversation, and the input of the second. */
async function begun({ client }: SocketScene): Promise<unknown[]> {
  const { output } = await client.responses.create(ask(FIRST))
  return [...FIRST, ...(output ?? []), user('And now?')]
}

/** Of the request that was answered last: all that the model was given. */
function given({ server }: SocketScene): unknown[] {
  const request = server.requests.at(-1)
  return (request === undefined ? [] : (server.contextOf(request) ?? [])).map(
    ({ content }) => (content as unknown[])?.length,
  )
}

/** Ends of a socket that was in use before. */
const ENDS: Array<[string, Fault]> = [
  ...[1000, 1001, 1011, 1012, 1013].map((code): [string, Fault] => [
    `closed with ${code}`,
    { at: 'headers', effect: 'close', code },
  ]),
  ['reset', { at: 'headers', effect: 'reset' }],
  ['ended without a close frame', { at: 'headers', effect: 'eof' }],
  ['ended with bytes that are no frame', { at: 'headers', effect: 'garbage', bytes: Buffer.from([0xff, 0xff, 0]) }],
  ['reset behind response.created', { at: 'before_event', event: 1, effect: 'reset' }],
  ['at its 60 minutes, by an error message', { at: 'headers', effect: 'connection_limit', as: 'error' }],
  ['at its 60 minutes, by a close frame', { at: 'headers', effect: 'connection_limit', as: 'close' }],
]

describe('a socket that was used before, and is lost with the next turn', () => {
  it.each(ENDS)('%s: the whole goes out on a new one at once, without a retry', (_how, fault) =>
    withSockets({}, async (scene) => {
      scene.server.script(['ok', fault, 'ok'])
      const second = await begun(scene)
      expect((await scene.client.responses.create(ask(second))).status).toBe('completed')
      expect(scene.sent().slice(1)).toMatchObject([INCREMENT, { ...WHOLE }])
      expect(scene.decisions()).toMatchObject([{ decision: { retry: true, transparent: true, delayMs: 0 } }])
      expect(scene.server.sockets).toHaveLength(2)
      expect(given(scene)).toHaveLength(second.length)
    }),
  )

  it('does not know the response any more: the same, and the caller sees nothing of it', () =>
    withSockets({}, async (scene) => {
      scene.server.script([
        'ok',
        {
          at: 'headers',
          effect: 'status',
          status: 400,
          body: { error: { code: 'previous_response_not_found', message: 'gone' } },
        },
        'ok',
      ])
      const second = await begun(scene)
      await scene.client.responses.create(ask(second))
      expect(scene.sent().slice(1)).toEqual([INCREMENT, { ...WHOLE, wholeBecause: 'not_found' }])
      expect(given(scene)).toHaveLength(second.length)
    }))

  it('is closed between two turns: the whole goes out on a new one, and nothing was tried in vain', () =>
    withSockets({}, async (scene) => {
      const second = await begun(scene)
      scene.server.closeSockets(1001)
      await until(() => scene.client.stats().connections === 0, 'the socket to be gone')
      await scene.client.responses.create(ask(second))
      expect(scene.sent()).toEqual(Array(2).fill({ ...WHOLE, wholeBecause: 'no_socket' }))
    }))

  it('is not used again after an event that arrived between two responses', () =>
    withSockets({}, async (scene) => {
      const second = await begun(scene)
      scene.server.sendToSockets([{ type: 'response.output_text.delta', delta: 'late' }])
      await until(() => scene.client.stats().connections === 0, 'the socket to be gone')
      await scene.client.responses.create(ask(second))
      expect(scene.server.sockets).toHaveLength(2)
    }))

  it('answers a ping late: it is dead with the turn under way, and the whole goes out on a new one', () =>
    withSockets({ client: { webSocket: { pingMs: 50 } } }, async (scene) => {
      scene.server.script([
        'ok',
        [
          { at: 'headers', effect: 'no_pongs' },
          { at: 'headers', effect: 'stall' },
        ],
        'ok',
      ])
      const second = await begun(scene)
      await scene.client.responses.create(ask(second))
      expect(scene.decisions()).toMatchObject([{ code: 'ping_timeout', decision: { transparent: true } }])
    }))

  it('is dead while idle: no turn is given to it', () =>
    withSockets({ client: { webSocket: { pingMs: 50 } } }, async (scene) => {
      scene.server.script([[{ at: 'after_terminal', effect: 'no_pongs' }], 'ok'])
      const second = await begun(scene)
      await until(() => scene.client.stats().connections === 0, 'the death of the socket')
      await scene.client.responses.create(ask(second))
      expect(scene.decisions()).toEqual([])
      expect(scene.server.sockets).toHaveLength(2)
    }))

  it('is lost again with the new socket: then HTTP', () =>
    withSockets({ client: { maxRetries: 1 } }, async (scene) => {
      const close = { at: 'headers', effect: 'close', code: 1011 } as const
      scene.server.script(['ok', close, close, 'ok'])
      const second = await begun(scene)
      await scene.client.responses.create(ask(second))
      expect(scene.sent().slice(1)).toMatchObject([INCREMENT, WHOLE, { ...HTTP, wholeBecause: 'closed' }])
      expect(scene.decisions()).toMatchObject([
        { decision: { transparent: true } },
        { decision: { transparent: false } },
      ])
    }))
})

describe('a new socket', () => {
  it.each([1000, 1006, 1011, 1013])('that is closed with %i before the first event: another one, as a retry', (code) =>
    withSockets({ client: { maxRetries: 1 } }, async (scene) => {
      scene.server.script([
        code === 1006 ? { at: 'headers', effect: 'reset' } : { at: 'headers', effect: 'close', code },
        'ok',
      ])
      await scene.client.responses.create(ask(FIRST))
      expect(scene.seen().at(-1)).toBe('websocket 200')
      expect(scene.decisions()).toMatchObject([
        { code: code === 1006 ? 'connection_reset' : 'socket_closed', decision: { transparent: false } },
      ])
      expect(scene.sent()[1]).toEqual({ ...WHOLE, wholeBecause: 'retry' })
    }),
  )

  it('that is closed twice before the first event: HTTP', () =>
    withSockets({ client: { maxRetries: 2 } }, async (scene) => {
      const close = { at: 'headers', effect: 'close', code: 1011 } as const
      scene.server.script([close, close, 'ok'])
      await scene.client.responses.create(ask(FIRST))
      expect(scene.seen().at(-1)).toBe('http 200')
    }))

  it('that never answers, and answers pings: ttfbMs', () =>
    withSockets({ client: { maxRetries: 1, timeouts: { ttfbMs: 150 }, webSocket: { pingMs: 20 } } }, async (scene) => {
      scene.server.script([{ at: 'headers', effect: 'stall' }, 'ok'])
      await scene.client.responses.create(ask(FIRST))
      expect(scene.decisions()).toMatchObject([{ code: 'ttfb_timeout' }])
      expect(scene.server.sockets[0]?.sentPongs).toBeGreaterThan(0)
      expect(scene.seen().at(-1)).toBe('websocket 200')
    }))

  it('that is lost after output: the stream is interrupted, or restarted if that is enabled', async () => {
    const fault = { at: 'before_event', event: 6, effect: 'reset' } as const
    await withSockets({ client: { maxRetries: 1 } }, async (scene) => {
      scene.server.script([fault])
      const stream = scene.client.responses.stream(ask(FIRST))
      await expect(stream.finalResponse()).rejects.toBeInstanceOf(StreamInterruptedError)
    })
    await withSockets({ client: { maxRetries: 1 } }, async (scene) => {
      scene.server.script([fault, 'ok'])
      expect((await scene.client.responses.create(ask(FIRST))).status).toBe('completed')
      expect(scene.sent()[1]).toEqual({ ...WHOLE, wholeBecause: 'retry' })
    })
  })

  it('that receives events of another response: they are not delivered', () =>
    withSockets({ client: { maxRetries: 1 } }, async (scene) => {
      scene.server.script([{ at: 'before_event', event: 8, effect: 'other_response', id: 'resp_other' }, 'ok'])
      const { id } = await scene.client.responses.create(ask(FIRST))
      expect(id).toBe('resp_mock_2')
      expect(scene.decisions()).toMatchObject([{ code: 'wrong_response' }])
    }))
})

describe('an error message in the place of a response', () => {
  it.each([
    [400, 0, false],
    [401, 0, false],
    [404, 0, false],
    [429, 1, true],
    [500, 1, true],
    [503, 1, true],
  ])('with status %i is an answer of that status', (status, retries, isRetried) =>
    withSockets({ client: { maxRetries: retries } }, async (scene) => {
      scene.server.script(['ok', { at: 'headers', effect: 'status', status, headers: { 'retry-after-ms': '5' } }, 'ok'])
      const second = await begun(scene)
      const asking = scene.client.responses.create(ask(second))
      if (!isRetried) {
        await expect(asking).rejects.toMatchObject({ status })
        return
      }
      await asking
      // A used socket is no reason to send again at once: the endpoint has answered.
      expect(scene.decisions()).toMatchObject([{ decision: { retry: true, transparent: false, lane: 'pushback' } }])
      expect(scene.sent().slice(1)).toEqual([INCREMENT, { ...WHOLE, wholeBecause: 'retry' }])
    }),
  )

  it('closes the socket: the next turn goes whole on another one, and is right', () =>
    withSockets({}, async (scene) => {
      scene.server.script(['ok', { at: 'headers', effect: 'status', status: 400 }, 'ok'])
      const second = await begun(scene)
      await expect(scene.client.responses.create(ask(second))).rejects.toMatchObject({ status: 400 })
      await scene.client.responses.create(ask([...second, user('Once more.')]))
      expect(scene.sent().at(-1)).toMatchObject(WHOLE)
      expect(given(scene)).toHaveLength(second.length + 1)
      expect(scene.server.sockets).toHaveLength(2)
    }))

  it('reaches the host of a fetch with its status, headers and words', () =>
    withSockets({}, async ({ server, client }) => {
      const body = { error: { code: 'rate_limit_exceeded', message: 'Slow down.' } }
      server.script([{ at: 'headers', effect: 'status', status: 429, headers: { 'retry-after': '7' }, body }])
      const response = await client.fetch(`${server.baseURL}/responses`, {
        method: 'POST',
        body: JSON.stringify({ model: 'm', input: 'x', stream: true }),
      })
      expect([response.status, response.headers.get('retry-after')]).toEqual([429, '7'])
      expect(await response.json()).toMatchObject(body)
    }))
})
