import { describe, expect, it } from 'vitest'
import type { ResilientClient } from '../../../src/index.ts'
import { invalid } from '../../support/typed.ts'
import { SELF_SIGNED } from '../../testing/self-signed.ts'
import { INCREMENT, WHOLE, withSockets } from './scene.ts'

type Item = Record<string, unknown>

const user = (content: string): Item => ({ type: 'message', role: 'user', content })

/** One turn of a caller that keeps its history itself: through each face, the output items as they came. */
const FACES: Array<[string, (client: ResilientClient, input: Item[]) => Promise<Item[]>]> = [
  [
    'create',
    async (client, input) => {
      const { output } = await client.responses.create(invalid({ model: 'm', store: false, input }))
      return invalid(output)
    },
  ],
  [
    'stream',
    async (client, input) => {
      const { output } = await client.responses.stream(invalid({ model: 'm', store: false, input })).finalResponse()
      return invalid(output)
    },
  ],
  [
    'fetch',
    async (client, input) => {
      const response = await client.fetch(`${BASE.url}/responses`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'm', store: false, stream: true, input }),
      })
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
      const text = await response.text()
      const last = text.trim().split('\n\n').at(-1) as string
      expect(last.startsWith('data: ')).toBe(true)
      return JSON.parse(last.slice('data: '.length)).response.output
    },
  ],
]
const BASE = { url: '' }

describe.each([
  ['ws:', undefined],
  ['wss:', SELF_SIGNED],
])('a conversation over %s', (_scheme, tls) => {
  it.each(FACES)('of %s goes over one socket, and only what is new is sent', async (_face, turn) => {
    const options = { server: { tls }, client: tls === undefined ? {} : { tls: { ca: tls.cert } } }
    await withSockets(options, async ({ server, client, sent, bytes }) => {
      BASE.url = server.baseURL
      let history: Item[] = []
      for (let n = 0; n < 5; n++) {
        history = [...history, user(`question ${n} ${'x'.repeat(200)}`)]
        history = [...history, ...(await turn(client, history))]
        const request = server.requests.at(-1)
        // What the model knew is what the caller sent, with the answer behind it.
        expect(server.contextOf(`resp_mock_${n + 1}`)?.map(textOf)).toEqual(history.map(textOf))
        expect(request?.transport).toBe('websocket')
      }
      expect(server.sockets).toHaveLength(1)
      expect(sent()).toEqual([{ ...WHOLE, wholeBecause: 'no_socket' }, ...Array(4).fill(INCREMENT)])
      for (const [whole = 0, actual = 0] of bytes().slice(1)) expect(actual).toBeLessThan(whole)
      expect(server.requests.map(({ body }) => body.length)).toEqual(bytes().map(([, actual]) => actual))
    })
  })
})

function textOf(item: Item): unknown {
  const { content } = item
  return typeof content === 'string' ? content : (content as Item[]).map(({ text }) => text).join('')
}
