import { describe, expect, it } from 'vitest'
import { startSidecar } from '../../src/sidecar/index.ts'
import { exchange } from '../sidecar/support/requests.ts'
import { fieldServer, frames } from './support/field-server.ts'

const EVENTS = frames(
  { type: 'response.created', response: { id: 'r1', object: 'response', status: 'in_progress', output: [] } },
  { type: 'response.output_text.delta', item_id: 'm', output_index: 0, content_index: 0, delta: 'Hello' },
)
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n'
const CHUNK = `${HEAD}transfer-encoding: chunked\r\n\r\n${EVENTS.length.toString(16)}\r\n${EVENTS}\r\n`
const BODY = '{"model":"m","input":"x","stream":true}'
const REQUEST = `POST /v1/responses HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`

describe('a stream of the upstream that ends after output without a terminal event', () => {
  it.each([
    ['by its last chunk, in the same read', `${CHUNK}0\r\n\r\n`, 'keep'],
    ['by a FIN in place of its last chunk', CHUNK, 'end'],
    ['short of its length', `${HEAD}content-length: 9999\r\n\r\n${EVENTS}`, 'end'],
  ] as const)('reaches the client with all that had come, and then breaks: %s', async (_, bytes, then) => {
    const answer = { bytes, then }
    await using server = await fieldServer([answer])
    await using sidecar = await startSidecar({ upstream: server.baseURL, port: 0, hedge: false })
    const text = await exchange(sidecar, REQUEST)
    expect(text).toMatch(/^HTTP\/1\.1 200 /)
    expect(text).toContain(EVENTS)
    expect(text).not.toMatch(/\r\n0\r\n/)
    expect(server.requests).toHaveLength(1)
  })
})
