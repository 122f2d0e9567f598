import { describe, expect, it } from 'vitest'
import {
  PreviousResponseNotFoundError,
  type PreviousResponseNotFoundHook,
  type ResponseCreateParams,
} from '../../../src/index.ts'
import { standIn } from '../../support/typed.ts'
import { until } from '../../support/until.ts'
import { type SocketScene, WHOLE, withSockets } from './scene.ts'

const user = (content: string) => ({ type: 'message', role: 'user', content }) as const
const ask = (input: unknown, previous_response_id?: string) =>
  standIn<ResponseCreateParams>({
    model: 'm',
    store: false,
    input,
    ...(previous_response_id && { previous_response_id }),
  })

async function begun({ client }: SocketScene): Promise<string> {
  const { id } = await client.responses.create(ask([user('Hello')]))
  return id as string
}

const why = (words: RegExp) => (error: unknown) => {
  expect(error).toBeInstanceOf(PreviousResponseNotFoundError)
  expect((error as Error).message).toMatch(words)
  return true
}

/** Nothing of the continuation reached the server: over no transport. */
const nothingSent = ({ server }: SocketScene, requests = 1) => expect(server.requests).toHaveLength(requests)

describe('a continuation of a response that one socket keeps (store: false)', () => {
  it('goes out on that socket, with what the caller sent, turn by turn', () =>
    withSockets({}, async (scene) => {
      const { client, server } = scene
      let id = await begun(scene)
      for (let n = 2; n <= 4; n++) {
        const response = await client.responses.create(ask([user(`turn ${n}`)], id))
        id = response.id as string
        expect(response.previous_response_id).toBe(`resp_mock_${n - 1}`)
        expect(server.requests.at(-1)?.json).toMatchObject({ previous_response_id: `resp_mock_${n - 1}` })
      }
      expect(server.sockets).toHaveLength(1)
      expect(server.contextOf(id)?.filter(({ role }) => role === 'user')).toHaveLength(4)
      expect(scene.sent().every(({ sent }) => sent === 'whole')).toBe(true)
    }))

  it('goes out past maxAgeMs, which ends the socket for all others', () =>
    withSockets({ client: { webSocket: { maxAgeMs: 20, idleMs: 15 } } }, async (scene) => {
      const { client, server } = scene
      server.script([{ at: 'before_event', event: 3, effect: 'delay', ms: 40 }, 'ok', 'ok'])
      const id = await begun(scene)
      await client.responses.create(ask([user('And?')], id))
      expect(server.requests.map(({ socketNumber }) => socketNumber)).toEqual([1, 1])
    }))

  it('fails with the named error where the socket is gone, and nothing is sent to a server that cannot know it', () =>
    withSockets({ client: { maxRetries: 3 } }, async (scene) => {
      const id = await begun(scene)
      scene.server.closeSockets()
      await until(() => scene.client.stats().connections === 0, 'the socket to be gone')
      await expect(scene.client.responses.create(ask([user('And?')], id))).rejects.toSatisfy(why(/is closed/))
      nothingSent(scene)
    }))

  it('fails so for the second of two at once, and for a response that is no longer the latest', () =>
    withSockets({}, async (scene) => {
      const { client, server } = scene
      const id = await begun(scene)
      server.script([{ at: 'headers', effect: 'stall' }, 'ok'])
      const first = client.responses.create(ask([user('one')], id))
      await server.waitFor('fault')
      await expect(client.responses.create(ask([user('two')], id))).rejects.toSatisfy(why(/receiving another response/))
      server.release()
      await first
      await expect(client.responses.create(ask([user('three')], id))).rejects.toSatisfy(why(/another response since/))
      nothingSent(scene, 2)
    }))

  it('fails so for another credential', () =>
    withSockets({}, async (scene) => {
      const id = await begun(scene)
      const other = { headers: { authorization: 'Bearer other' } }
      await expect(scene.client.responses.create(ask([user('And?')], id), other)).rejects.toSatisfy(
        why(/other headers/),
      )
      nothingSent(scene)
      expect(scene.server.sockets).toHaveLength(1)
    }))

  it('fails so where it does not stream, or is in the hands of a dispatcher', () =>
    withSockets({}, async (scene) => {
      const id = await begun(scene)
      const post = scene.client.fetch(`${scene.server.baseURL}/responses`, {
        method: 'POST',
        body: JSON.stringify(ask([user('And?')], id)),
      })
      await expect(post).rejects.toMatchObject({ cause: { code: 'previous_response_not_found' } })
      nothingSent(scene)
    }))

  it.each([
    ['reset', { at: 'headers', effect: 'reset' }],
    ['429', { at: 'headers', effect: 'status', status: 429, headers: { 'retry-after-ms': '1' } }],
    ['503', { at: 'headers', effect: 'status', status: 503 }],
    ['60 minutes', { at: 'headers', effect: 'connection_limit', as: 'error' }],
    [
      'not found',
      { at: 'headers', effect: 'status', status: 400, body: { error: { code: 'previous_response_not_found' } } },
    ],
  ] as const)('is sent once: after %s it fails with the named error, whatever maxRetries allows', (_what, fault) =>
    withSockets({ client: { maxRetries: 4 } }, async (scene) => {
      scene.server.script(['ok', fault])
      const id = await begun(scene)
      await expect(scene.client.responses.create(ask([user('And?')], id))).rejects.toSatisfy(
        why(/its server has forgotten the response/),
      )
      nothingSent(scene, 2)
    }),
  )

  it('gets the answer of its endpoint where the request is wrong in itself', () =>
    withSockets({ client: { maxRetries: 4 } }, async (scene) => {
      const body = { error: { code: 'invalid_value', message: 'No such tool.' } }
      scene.server.script(['ok', { at: 'headers', effect: 'status', status: 400, body }])
      const id = await begun(scene)
      const asking = scene.client.responses.create(ask([user('And?')], id))
      await expect(asking).rejects.toMatchObject({ status: 400, upstreamMessage: 'No such tool.' })
    }))

  it.each(['gone', 'lost under way', 'lost behind output'])(
    'is rebuilt by the hook where the socket is %s',
    async (how) => {
      const reasons: string[] = []
      const onPreviousResponseNotFound: PreviousResponseNotFoundHook = ({ reason, request, previousResponseId }) => {
        reasons.push(reason)
        expect(previousResponseId).toBe('resp_mock_1')
        const { previous_response_id: _, ...body } = request.body
        return { ...body, input: [user('Hello'), user('And?')] }
      }
      await withSockets({ client: { onPreviousResponseNotFound, maxRetries: 1 } }, async (scene) => {
        const { client, server } = scene
        const id = await begun(scene)
        if (how === 'gone') {
          server.closeSockets()
          await until(() => client.stats().connections === 0, 'the socket to be gone')
        } else {
          const at =
            how === 'lost under way' ? ({ at: 'headers' } as const) : ({ at: 'before_event', event: 6 } as const)
          server.script([{ ...at, effect: 'reset' }, 'ok'])
        }
        expect((await client.responses.create(ask([user('And?')], id))).status).toBe('completed')
        expect(reasons).toEqual(['socket_lost'])
        expect(server.requests.at(-1)?.json).not.toHaveProperty('previous_response_id')
        expect(scene.sent().at(-1)).toMatchObject(WHOLE)
        expect(scene.events.filter(({ type }) => type === 'request_rebuilt')).toHaveLength(1)
      })
    },
  )

  it('gets no hedge', () =>
    withSockets({ client: { hedge: { afterMs: 30 }, maxRetries: 2 } }, async (scene) => {
      const id = await begun(scene)
      scene.server.script([{ at: 'headers', effect: 'delay', ms: 120 }])
      await scene.client.responses.create(ask([user('And?')], id))
      // The first call may have got one: it is an ordinary request.
      const { callId } = scene.events.findLast(({ type }) => type === 'call_start') as { readonly callId: number }
      const hedges = scene.events.filter((event) => event.type.startsWith('hedge') && 'callId' in event)
      expect(hedges.filter((event) => 'callId' in event && event.callId === callId)).toEqual([])
    }))
})

describe('a continuation of a stored response', () => {
  it('goes over any socket, or HTTP', () =>
    withSockets({ client: { maxRetries: 1 } }, async (scene) => {
      const { client, server } = scene
      const stored = (input: string, id?: string) =>
        standIn<ResponseCreateParams>({ model: 'm', store: true, input, previous_response_id: id })
      const { id } = await client.responses.create(stored('Hello'))
      server.script([{ at: 'headers', effect: 'reset' }, 'ok'])
      const next = await client.responses.create(stored('And?', id as string))
      expect(next.previous_response_id).toBe(id)
      expect(server.sockets).toHaveLength(2)
      expect(scene.sent().at(-1)).toMatchObject(WHOLE)
    }))
})
