import { expect, it } from 'vitest'
import { forEachHost } from './support/world.ts'

const TEXTS = ['First of all.', 'And then?', 'Is that all?']

/** What the server was sent in each turn: how many items, and on top of which response. */
const WHOLE = [
  { items: 1, previous: undefined },
  { items: 3, previous: undefined },
  { items: 5, previous: undefined },
]

await forEachHost((_host, start, way) => {
  it('holds a conversation, of which only what is new goes up where a socket has the rest', async () => {
    const { host, server } = await start({ server: { respond: undefined } })
    expect(await host.converse?.(TEXTS)).toEqual(TEXTS.map((text) => `You said: ${text}`))
    const sent = server.requests.map(({ json }) => {
      const { input, previous_response_id: previous } = json as { input: unknown[]; previous_response_id?: string }
      return { items: input.length, previous }
    })
    if (way === 'http') expect(sent).toEqual(WHOLE)
    else
      expect(sent).toEqual([
        { items: 1, previous: undefined },
        { items: 1, previous: 'resp_mock_1' },
        { items: 1, previous: 'resp_mock_2' },
      ])
  })
})
