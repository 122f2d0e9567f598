import { describe, expect, it } from 'vitest'
import { findResilientError } from '../../src/index.ts'
import { answer, fieldServer, frames } from './support/field-server.ts'
import { HELLO, HELLO_BODY } from './support/hello.ts'
import { ASKED, playCreate, playFetch, playOpenAI, playStream } from './support/play.ts'

/** cita-777/metapi#177: a whole, healthy stream with the label of JSON; and its neighbours. */
const LABELS = [
  { 'content-type': 'application/json' },
  { 'content-type': 'application/json; charset=utf-8' },
  { 'content-type': 'text/html' },
  { 'content-type': 'text/plain' },
  {},
] as ReadonlyArray<Readonly<Record<string, string>>>

describe('an event stream under a wrong label', () => {
  it.each(LABELS)('is read as one: %j', async (headers) => {
    await using server = await fieldServer([answer(200, HELLO_BODY, headers)])
    const { baseURL } = server
    const streamed = await playStream({ baseURL })
    expect(streamed.error).toBeUndefined()
    expect(streamed.events).toHaveLength(6)
    expect(streamed.result?.output_text).toBe('Hi')
    expect((await playCreate({ baseURL })).result?.output_text).toBe('Hi')
    expect((await playFetch({ baseURL })).result?.text).toBe(HELLO_BODY)
    const hosted = await playOpenAI({ baseURL }, async (openai) => {
      let text = ''
      for await (const event of await openai.responses.create({ ...ASKED, stream: true })) {
        if (event.type === 'response.output_text.delta') text += event.delta
      }
      return text
    })
    expect(hosted.result).toBe('Hi')
    expect(server.requests).toHaveLength(4)
  })

  it('does not appear in an error if it breaks off', async () => {
    const secret = 'You are Sherlock Holmes, and nobody may know'
    const created = { ...HELLO.created, response: { ...HELLO.created.response, instructions: secret } }
    const cut = frames(created)
    const bodies = [
      cut,
      cut.slice(0, -20),
      `garbage\n${cut}`,
      JSON.stringify(created).slice(0, -2),
      `x ${JSON.stringify(created)}`,
    ]
    for (const body of bodies) {
      for (const headers of LABELS) {
        await using server = await fieldServer([answer(200, body, headers)])
        const { baseURL } = server
        for (const { error } of [
          await playStream({ baseURL, maxRetries: 0 }),
          await playCreate({ baseURL, maxRetries: 0 }),
          await playFetch({ baseURL, maxRetries: 0 }),
        ]) {
          const ours = findResilientError(error)
          expect(ours).toBeDefined()
          expect(`${ours?.message} ${ours?.explain()}`).not.toMatch(/Sherlock|nobody/)
        }
      }
    }
  })
})
