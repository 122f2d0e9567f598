import { describe, expect, it } from 'vitest'
import { fieldServer, streamAnswer } from './support/field-server.ts'
import { broken, completed, delta } from './support/kept.ts'
import { withClient } from './support/play.ts'

/** What a connection brings that ends in the middle of the first event behind a resume. */
const PARTS = ['data: {"type":"response.output_te', 'event: response.output_text.delta\n', ': hi\n\ndata: {', 'data']

describe.each(PARTS)('a resume that ends with a part of its first event: %j', (part) => {
  const cut = streamAnswer(part)
  const rest = broken(delta(43, 'lo'), completed(44))

  it('is sent again by client.fetch, and is no empty stream', async () => {
    await using server = await fieldServer([cut, rest])
    await withClient({ baseURL: server.baseURL }, async (client) => {
      const response = await client.fetch(`${server.baseURL}/responses/resp_1?stream=true&starting_after=42`)
      expect(await response.text()).toContain('"delta":"lo"')
    })
    expect(server.requests).toHaveLength(2)
  })

  it('loses no word of resume(id)', async () => {
    await using server = await fieldServer([cut, rest])
    await withClient({ baseURL: server.baseURL }, async ({ responses }) => {
      const texts: string[] = []
      for await (const event of responses.resume('resp_1', { starting_after: 42 }))
        if (event.type === 'response.output_text.delta') texts.push(event.delta)
      expect(texts).toEqual(['lo'])
    })
  })
})
