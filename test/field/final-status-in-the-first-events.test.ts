import { describe, expect, it } from 'vitest'
import { fieldServer, frames, streamAnswer } from './support/field-server.ts'
import { HELLO } from './support/hello.ts'
import { ASKED, playCreate, playFetch, playOpenAI, playStream } from './support/play.ts'

/** The first events of a response, with the status that it will have at its end. */
const early = (type: string, status: string) => ({ type, response: { ...HELLO.created.response, status } })
const REST = [HELLO.added, HELLO.delta, HELLO.done, HELLO.completed]

const CASES = ['response.created', 'response.queued', 'response.in_progress'].flatMap((type) =>
  ['completed', 'failed', 'incomplete', 'cancelled'].map((status) => [type, status] as const),
)

describe('a response whose first events already have a final status', () => {
  it.each(CASES)('continues after %s with the status %s', async (type, status) => {
    const body = frames(HELLO.created, early(type, status), ...REST)
    await using server = await fieldServer([streamAnswer(body)])
    const { baseURL } = server

    const streamed = await playStream({ baseURL })
    expect(streamed.error).toBeUndefined()
    expect(streamed.events).toHaveLength(6)
    expect(streamed.result?.output_text).toBe('Hi')
    const created = await playCreate({ baseURL })
    expect(created.result).toMatchObject({ status: 'completed', output: [{ id: 'msg_1' }] })
    expect((await playFetch({ baseURL })).result?.text).toBe(body)
    expect(server.requests).toHaveLength(3)
  })

  it('continues for openai', async () => {
    const body = frames(early('response.created', 'completed'), early('response.in_progress', 'completed'), ...REST)
    await using server = await fieldServer([streamAnswer(body)])
    const { result } = await playOpenAI({ baseURL: server.baseURL }, async (openai) => {
      let text = ''
      for await (const event of await openai.responses.create({ ...ASKED, stream: true })) {
        if (event.type === 'response.output_text.delta') text += event.delta
      }
      return text
    })
    expect(result).toBe('Hi')
  })

  it('ends with an event of another name that has a final status', async () => {
    const cancelled = { type: 'response.cancelled', response: { ...HELLO.created.response, status: 'cancelled' } }
    await using server = await fieldServer([streamAnswer(frames(HELLO.created, cancelled))])
    const { result } = await playCreate({ baseURL: server.baseURL })
    expect(result).toMatchObject({ status: 'cancelled' })
    expect(server.requests).toHaveLength(1)
  })
})
