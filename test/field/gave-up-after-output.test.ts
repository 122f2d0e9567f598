import { describe, expect, it } from 'vitest'
import { fieldServer, frames } from './support/field-server.ts'
import { playCreate, playFetch, playStream } from './support/play.ts'

const BEGUN = frames(
  { type: 'response.created', response: { id: 'resp_1', object: 'response', status: 'in_progress', output: [] } },
  { type: 'response.output_text.delta', output_index: 0, item_id: 'msg_1', content_index: 0, delta: 'Hel' },
)
/** Output, and a reset in the middle of the body. */
const CUT = {
  bytes: `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n${BEGUN.length.toString(16)}\r\n${BEGUN}\r\n`,
  // biome-ignore lint/suspicious/noThenProperty: what the server does then.
  then: 'reset',
} as const

describe('a call that was repeated although its internal stream had output', () => {
  it('says after its last attempt that the retries were used, and not that the call was not repeated', async () => {
    await using server = await fieldServer([CUT])
    const options = { baseURL: server.baseURL, maxRetries: 2 }
    const whole = { model: 'm', input: 'x' }
    const failures = [
      (await playCreate(options)).error,
      (await playStream({ ...options, interruption: 'restart' })).error,
      ((await playFetch({ ...options, upgradeToStream: true }, whole)).error as Error).cause,
    ]
    expect(server.requests).toHaveLength(9)
    for (const error of failures) {
      expect(error).toMatchObject({ giveUpReason: 'retries_exhausted' })
      expect((error as Error).message).toMatch(/\(3 attempts, gave up: retries_exhausted\)$/)
    }
  })

  it('says of a stream whose output was handed to the caller that it was not repeated', async () => {
    await using server = await fieldServer([CUT])
    const { error } = await playStream({ baseURL: server.baseURL })
    expect((error as Error).message).toMatch(/\(output was already handed over, so the call was not retried\)$/)
    expect(server.requests).toHaveLength(1)
  })
})
