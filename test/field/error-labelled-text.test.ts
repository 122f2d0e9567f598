import { describe, expect, it } from 'vitest'
import { answer, fieldServer } from './support/field-server.ts'
import { playCreate, playFetch, playStream } from './support/play.ts'

const QUOTA = JSON.stringify({ error: { code: 'insufficient_quota', message: 'You exceeded your current quota.' } })

describe('an error in JSON with status 200, where a stream was asked for', () => {
  it.each(['text/plain', 'text/plain; charset=utf-8', 'text/event-stream', 'application/octet-stream', undefined])(
    'is one request, and its reason comes out: labelled %s',
    async (type) => {
      await using server = await fieldServer([answer(200, QUOTA, type === undefined ? {} : { 'content-type': type })])
      const { baseURL } = server
      for (const { error } of [await playStream({ baseURL }), await playCreate({ baseURL })]) {
        expect(error).toMatchObject({
          code: 'response_failed',
          upstreamCode: 'insufficient_quota',
          retryable: false,
          message: expect.stringContaining('exceeded your current quota'),
        })
      }
      // A host that asked for a stream finds no event in JSON: it gets the event that the error amounts to.
      const { text = '' } = (await playFetch({ baseURL })).result ?? {}
      expect(JSON.parse(/^event: error\ndata: (.*)\n\n$/.exec(text)?.[1] ?? '')).toMatchObject(JSON.parse(QUOTA))
      expect(server.requests).toHaveLength(3)
    },
  )

  it('without an object around it is the same', async () => {
    const flat = JSON.stringify({ code: 'insufficient_quota', message: 'You exceeded your current quota.' })
    await using server = await fieldServer([answer(200, flat, { 'content-type': 'text/plain' })])
    const { error } = await playCreate({ baseURL: server.baseURL })
    expect(error).toMatchObject({ upstreamCode: 'insufficient_quota' })
    expect(server.requests).toHaveLength(1)
  })
})
