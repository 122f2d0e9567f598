import { describe, expect, it } from 'vitest'
import { fieldServer, frames, streamAnswer } from './support/field-server.ts'
import { HELLO } from './support/hello.ts'
import { ASKED, playCreate, playFetch, playOpenAI, playStream } from './support/play.ts'

/** netease-lcap/wave-agent#1326: frames that say nothing but that the gateway lives. */
const BEATS = [
  'event: keepalive\ndata: \n\n',
  'event: keepalive\ndata:\n\n',
  'data:\n\n',
  'data: \n\n',
  'data:    \n\n',
  'event: ping\ndata: 2026-01-01T00:00:00Z\n\n',
  ': keepalive\n\n',
]
const SAID = [HELLO.created, HELLO.added, HELLO.delta, HELLO.done, HELLO.completed]
const withBeats = (beat: string): string => SAID.map((event) => beat + frames(event)).join('')

describe('frames without data between the events', () => {
  it.each(BEATS)('%j: no face fails because of them, before output and after it', async (beat) => {
    const body = withBeats(beat)
    await using server = await fieldServer([streamAnswer(body)])
    const { baseURL } = server

    const streamed = await playStream({ baseURL })
    expect(streamed.error).toBeUndefined()
    expect(streamed.events.map(({ type }) => type)).toEqual(SAID.map(({ type }) => type))
    expect(streamed.result?.output_text).toBe('Hi')
    expect((await playCreate({ baseURL })).result?.output_text).toBe('Hi')
    // Bytes are forwarded as they come.
    expect((await playFetch({ baseURL })).result?.text).toBe(body)
    expect(server.requests).toHaveLength(3)
  })

  it('do not count as a first event: a call that gets nothing else is silent', async () => {
    const silent = streamAnswer('event: keepalive\ndata: \n\n')
    await using server = await fieldServer([silent, streamAnswer(frames(...SAID))])
    const { baseURL } = server
    // The first answer is complete without an event: the same as one that ends in silence.
    const { result, error } = await playStream({ baseURL })
    expect(error).toBeUndefined()
    expect(result?.output_text).toBe('Hi')
    expect(server.requests).toHaveLength(2)
  })

  it('as comments are readable for openai, too', async () => {
    await using server = await fieldServer([streamAnswer(withBeats(': keepalive\n\n'))])
    const { result } = await playOpenAI({ baseURL: server.baseURL }, async (openai) => {
      let text = ''
      for await (const event of await openai.responses.create({ ...ASKED, stream: true })) {
        if (event.type === 'response.output_text.delta') text += event.delta
      }
      return text
    })
    expect(result).toBe('Hi')
  })
})
