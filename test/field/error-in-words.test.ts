import { describe, expect, it } from 'vitest'
import { findResilientError } from '../../src/index.ts'
import { dataFrames, fieldServer, frames, streamAnswer } from './support/field-server.ts'
import { HELLO } from './support/hello.ts'
import { playCreate, playFetch, playOpenAI, playStream } from './support/play.ts'

const WORDS = 'model runner has stopped'

/** Local runners and gateways: an error that is a string, or no JSON at all. */
const REPORTS = [
  ['a string in JSON', dataFrames({ error: WORDS })],
  ['a string in JSON beside the type of an error', dataFrames({ type: 'error', error: WORDS })],
  ['a string in JSON under a name', `event: error\ndata: ${JSON.stringify(WORDS)}\n\n`],
  ['plain text', `data: error: ${WORDS}\n\n`],
  ['plain text in capitals', `data: [ERROR] ${WORDS}\n\n`],
  ['plain text under a name', `event: error\ndata: ${WORDS}\n\n`],
] as const

describe('an error in words', () => {
  it.each(REPORTS)(
    'as the first frame is retried like an error without a code, and its words are in the error: %s',
    async (_, report) => {
      await using server = await fieldServer([streamAnswer(report)])
      const { baseURL } = server
      for (const played of [
        await playStream({ baseURL, maxRetries: 1 }),
        await playCreate({ baseURL, maxRetries: 1 }),
      ]) {
        expect(played.error).toMatchObject({
          code: 'response_failed',
          message: expect.stringContaining(WORDS),
          giveUpReason: 'retries_exhausted',
        })
      }
      expect(server.requests).toHaveLength(4)
    },
  )

  it.each(REPORTS)('before output is hidden by a successful retry: %s', async (_, report) => {
    await using server = await fieldServer([
      streamAnswer(frames(HELLO.created) + report),
      streamAnswer(frames(HELLO.created, HELLO.delta, HELLO.completed)),
    ])
    const { result } = await playFetch({ baseURL: server.baseURL })
    expect(result?.text).toBe(frames(HELLO.created, HELLO.delta, HELLO.completed))
    expect(server.requests).toHaveLength(2)
  })

  it.each(REPORTS)('after output ends the stream with its words: %s', async (_, report) => {
    const before = frames(HELLO.created, HELLO.delta)
    await using server = await fieldServer([streamAnswer(before + report)])
    const { baseURL } = server
    const streamed = await playStream({ baseURL })
    expect(streamed.events.at(-1)?.type).toBe('error')
    expect(streamed.error).toMatchObject({ code: 'response_failed', message: expect.stringContaining(WORDS) })
    const fetched = await playFetch({ baseURL })
    const told = fetched.result?.text ?? findResilientError(fetched.error)?.message
    expect(told).toContain(WORDS)
    expect(server.requests).toHaveLength(2)
  })

  it.each(REPORTS.filter(([what]) => !what.includes('name')))('reaches openai: %s', async (_, report) => {
    await using server = await fieldServer([streamAnswer(frames(HELLO.created, HELLO.delta) + report)])
    const { error } = await playOpenAI({ baseURL: server.baseURL }, async (openai) => {
      for await (const _ of await openai.responses.create({ model: 'gpt-5', input: 'Hello', stream: true }));
    })
    const words = [error, findResilientError(error)].map((each) => (each as Error | undefined)?.message).join(' ')
    expect(words).toContain(WORDS)
  })
})
