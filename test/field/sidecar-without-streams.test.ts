import { zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type SidecarLogEntry, type SidecarOptions, startSidecar } from '../../src/sidecar/index.ts'
import { type Answer as Answered, ask, JSON_HEADERS } from '../sidecar/support/requests.ts'
import { answer, type FieldServer, fieldServer, jsonAnswer, type Script } from './support/field-server.ts'
import { HELLO_RESPONSE } from './support/hello.ts'
import { QUICK } from './support/play.ts'

interface Played {
  readonly answered: Answered
  readonly server: FieldServer
  readonly told: readonly SidecarLogEntry[]
  /** The bodies that the upstream got. */
  readonly sent: readonly string[]
}

/** A program without streams before an upstream that plays a script. */
async function play(
  script: Script,
  body: string | Uint8Array,
  options: SidecarOptions = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Played> {
  await using server = await fieldServer(script)
  const told: SidecarLogEntry[] = []
  const common = { upstream: server.baseURL, port: 0, hedge: false, maxRetries: 2, ...QUICK } as const
  await using sidecar = await startSidecar({ ...common, onCall: (entry) => told.push(entry), ...options })
  const asked = { method: 'POST', path: '/v1/responses', headers: { ...JSON_HEADERS, ...headers }, body }
  const answered = await ask(sidecar, asked)
  await sidecar.close()
  expect(sidecar.stats()).toMatchObject({ calls: 0, bufferedBytes: 0, connections: 0 })
  return { answered, server, told, sent: server.requests.map((request) => String(request.body)) }
}

const LARGE = '{"model": "m", "input":"hi","metadata":{"n":9007199254740993,"10":1,"2":1.0}}'
const LARGE_STREAMED = `{"stream":true,${LARGE.slice(1)}`
const OK = jsonAnswer(200, HELLO_RESPONSE)
const NOT_IMPLEMENTED = jsonAnswer(501, {
  error: { message: 'Streaming is not implemented.', type: 'not_implemented' },
})

describe('a call without stream, through the sidecar', () => {
  it('is sent as it came where the upstream answers 501 to a stream', async () => {
    const { answered, sent, told } = await play([NOT_IMPLEMENTED, OK], LARGE)
    expect(answered.status).toBe(200)
    expect(JSON.parse(answered.text)).toEqual(HELLO_RESPONSE)
    expect(sent).toEqual([LARGE_STREAMED, LARGE])
    expect(told).toMatchObject([{ status: 200, outcome: 'completed', attempts: 2, failures: ['http_status'] }])
  })

  it('is sent with its own bytes after a 501, compressed as they came', async () => {
    const body = zstdCompressSync(LARGE)
    const { server, answered } = await play([NOT_IMPLEMENTED, OK], body, {}, { 'content-encoding': 'zstd' })
    const [streamed, whole] = server.requests
    expect([streamed?.header('content-encoding'), String(streamed?.body)]).toEqual([undefined, LARGE_STREAMED])
    expect([whole?.header('content-encoding'), whole?.body.equals(body)]).toEqual(['zstd', true])
    expect(answered.status).toBe(200)
  })

  it('gets the 501 of an upstream that refuses it without a stream, too, after the retries', async () => {
    const { answered, sent } = await play([NOT_IMPLEMENTED], LARGE)
    expect(answered.status).toBe(501)
    expect(answered.headers['retry-after']).toBeDefined()
    expect(sent).toEqual([LARGE_STREAMED, LARGE, LARGE, LARGE])
  })

  it.each([
    ['a page', answer(200, '<html><body>Please log in.</body></html>', { 'content-type': 'text/html' })],
    ['other JSON', jsonAnswer(200, { ok: true })],
  ])('is repeated after %s with status 200, and then fails, with upgradeToStream and without', async (_, given) => {
    for (const upgradeToStream of [true, false]) {
      const { answered, sent, told } = await play([given], LARGE, { upgradeToStream })
      expect(answered.status).toBe(502)
      expect(answered.text).toContain('"upstream_unavailable"')
      expect(answered.headers['retry-after']).toBeDefined()
      expect(sent).toEqual(Array(3).fill(upgradeToStream ? LARGE_STREAMED : LARGE))
      expect(told).toMatchObject([{ status: 502, code: 'unexpected_content', attempts: 3 }])
      const { answered: healed } = await play([given, OK], LARGE, { upgradeToStream })
      expect(healed.status).toBe(200)
    }
  })

  it('is sent as it came where its stream is neither true nor false, and gets the refusal of the upstream', async () => {
    const body = '{"model":"m","input":"hi","stream":"true"}'
    const refusal = { error: { message: 'stream must be a boolean', type: 'invalid_request_error', param: 'stream' } }
    const { answered, sent } = await play([jsonAnswer(400, refusal)], body)
    expect(answered.status).toBe(400)
    expect(JSON.parse(answered.text)).toEqual(refusal)
    expect(sent).toEqual([body])
  })
})
