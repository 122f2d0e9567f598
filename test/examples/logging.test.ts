import { createOpenAI } from '@ai-sdk/openai'
import { generateText, streamText } from 'ai'
import OpenAI from 'openai'
import { expect, it } from 'vitest'
import { createLogger } from '../../examples/logging.ts'
import { ResilientClient, type ResilientError } from '../../src/index.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'

it('a log line has code, attempts, callId and an explanation, of our error and of what SDKs made of it; no prompt, header or body', async () => {
  const body = { error: { code: 'slow_down', message: 'Slow down.', note: 'planted-words' } }
  const server = await MockResponsesServer.start({
    faults: [{ at: 'headers', effect: 'status', status: 503, headers: { 'x-note': 'planted-header' }, body }],
  })
  const client = new ResilientClient({
    baseURL: server.baseURL,
    apiKey: 'sk-planted-key',
    maxRetries: 1,
    retry: { baseDelayMs: 1, maxDelayMs: 1 },
  })
  const lines: string[] = []
  const logger = createLogger({ write: (line) => void lines.push(line) })
  const input = 'planted-prompt'
  const own = await client.responses.create({ model: 'm', input }).catch((error: ResilientError) => error)
  logger.error(own, 'the call failed')
  logger.error({ error: own }, 'the same under another key')
  const settings = { apiKey: 'sk-planted-key', baseURL: server.baseURL, fetch: client.fetch }
  const openai = new OpenAI({ ...settings, maxRetries: 0 })
  const theirs = await openai.responses.create({ model: 'm', input, stream: true }).catch((error: Error) => error)
  logger.error(theirs, 'a call of the SDK failed')
  const ask = { model: createOpenAI(settings)('m'), prompt: input, maxRetries: 0 }
  logger.error(await generateText(ask).catch((error: Error) => error), 'a call of the AI SDK failed')
  const onError = ({ error }: { error: unknown }) => logger.error(error, 'a stream of the AI SDK failed')
  await streamText({ ...ask, onError }).consumeStream()

  const logged = lines.map((line) => JSON.parse(line) as Record<'err' | 'error', unknown>)
  expect(logged).toHaveLength(5)
  for (const { err, error } of logged) {
    expect(err ?? error).toEqual({
      type: expect.stringMatching(/Error$/),
      message: expect.stringContaining('Slow down.'),
      stack: expect.any(String),
      code: 'http_status',
      callId: expect.any(Number),
      attempts: [expect.objectContaining({ status: 503 }), expect.objectContaining({ status: 503 })],
      explained: expect.stringMatching(/Slow down.*\n.*attempt 1.*\n.*attempt 2/),
    })
  }
  expect(lines.join('')).not.toMatch(/planted/)
  await client.close()
  await server.close()
})
