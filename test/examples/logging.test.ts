import OpenAI from 'openai'
import { expect, it } from 'vitest'
import { createLogger } from '../../examples/logging.ts'
import { ResilientClient, type ResilientError } from '../../src/index.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'

it('a log line has code, attempts, callId and an explanation, of our error and of what an SDK made of it; no secret is in it', async () => {
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
  logger.error({ failed: own }, 'the same under another key')
  const openai = new OpenAI({ apiKey: 'sk-planted-key', baseURL: server.baseURL, fetch: client.fetch, maxRetries: 0 })
  const theirs = await openai.responses.create({ model: 'm', input, stream: true }).catch((error: Error) => error)
  logger.error(theirs, 'a call of the SDK failed')

  const [first, second, third] = lines.map((line) => JSON.parse(line) as Record<string, Record<string, unknown>>)
  const facts = {
    name: 'UpstreamError',
    code: 'http_status',
    callId: expect.any(Number),
    status: 503,
    giveUpReason: 'retries_exhausted',
  }
  expect(first?.err).toMatchObject({ code: 'http_status', attempts: [{ attempt: 1 }, { attempt: 2 }] })
  for (const call of [first?.err?.call, second?.failed, third?.err?.call]) {
    expect(call).toMatchObject({
      ...facts,
      message: expect.stringContaining('Slow down.'),
      attempts: [{ status: 503 }, { status: 503 }],
    })
  }
  expect(third?.err?.explained).toMatch(/Slow down.*\n.*attempt 1.*\n.*attempt 2/)
  // What the SDK itself keeps on its error is its own: the headers and the body of the answer.
  expect(lines.slice(0, 2).join('') + JSON.stringify(third?.err?.call)).not.toMatch(/planted/)
  await client.close()
  await server.close()
})
