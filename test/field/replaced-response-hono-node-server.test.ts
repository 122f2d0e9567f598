import { serve } from '@hono/node-server'
import { afterEach, expect, it } from 'vitest'
import { sseFrame, textStream } from '../../src/testing/streams.ts'
import { fieldServer, jsonAnswer, streamAnswer } from './support/field-server.ts'
import { ASKED, playFetch, playOpenAI } from './support/play.ts'

// `serve()` puts a Response (and a Request) of its own in the place of the global ones, for the whole process.

const built = { Request: globalThis.Request, Response: globalThis.Response }
afterEach(() => {
  Object.assign(globalThis, built)
})

const RESPONSE = { id: 'resp_1', object: 'response', status: 'completed', output: [] }

async function serving(use: () => Promise<void>): Promise<void> {
  const server = serve({ fetch: () => new Response('hi'), port: 0, hostname: '127.0.0.1' })
  try {
    expect(globalThis.Response).not.toBe(built.Response)
    await use()
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
}

it('each header of an answer is there once, and openai reads answers and streams', async () => {
  const text = textStream({ text: 'Hi' }).map(sseFrame).join('')
  await serving(async () => {
    await using json = await fieldServer([jsonAnswer(200, RESPONSE, { 'x-request-id': 'req_1' })])
    const fetched = await playFetch({ baseURL: json.baseURL }, ASKED)
    expect(fetched.result?.headers.get('content-type')).toBe('application/json')
    expect(fetched.result?.headers.get('x-request-id')).toBe('req_1')
    expect(JSON.parse(fetched.result?.text ?? '')).toEqual(RESPONSE)
    const created = await playOpenAI({ baseURL: json.baseURL }, (openai) => openai.responses.create(ASKED))
    expect(created.error).toBeUndefined()
    expect(created.result?.id).toBe('resp_1')

    await using stream = await fieldServer([streamAnswer(text)])
    const streamed = await playFetch({ baseURL: stream.baseURL })
    expect(streamed.result?.headers.get('content-type')).toBe('text/event-stream')
    expect(streamed.result?.text).toBe(text)
    const types = await playOpenAI({ baseURL: stream.baseURL }, async (openai) => {
      const seen: string[] = []
      for await (const { type } of await openai.responses.create({ ...ASKED, stream: true })) seen.push(type)
      return seen.at(-1)
    })
    expect(types.result).toBe('response.completed')
  })
})

it('an answer after the last retry has each of its headers once', async () => {
  await serving(async () => {
    await using server = await fieldServer([jsonAnswer(503, { error: {} }, { 'x-should-retry': 'true' })])
    const { result } = await playFetch({ baseURL: server.baseURL, maxRetries: 1 })
    expect(result?.status).toBe(503)
    expect(result?.headers.get('x-should-retry')).toBe('false')
    expect(result?.headers.get('content-type')).toBe('application/json')
  })
})
