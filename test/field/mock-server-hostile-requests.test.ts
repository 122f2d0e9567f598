import { once } from 'node:events'
import { connect } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MockResponsesServer } from '../../src/testing/server.ts'

const BODY = { model: 'gpt-5', input: 'Hi' }

/** Sends raw bytes on a socket of their own; resolves with what came back once the connection is over. */
async function raw(server: MockResponsesServer, bytes: string | Uint8Array): Promise<string> {
  const socket = connect(server.port, '127.0.0.1')
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.on('error', () => {})
  socket.end(bytes)
  await once(socket, 'close')
  return Buffer.concat(chunks).toString('latin1')
}

function posted(path: string, body: string, headers = 'authorization: Bearer sk-field\r\n'): string {
  return `POST ${path} HTTP/1.1\r\nhost: mock\r\nconnection: close\r\n${headers}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

async function ask(server: MockResponsesServer, body: object, headers: Record<string, string> = {}) {
  const response = await fetch(`${server.baseURL}/responses`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk-field', 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as { error?: Record<string, unknown> } }
}

describe('an invalid request line', () => {
  it.each([
    'GET // HTTP/1.1\r\nhost: x\r\n\r\n',
    'GET //[ HTTP/1.1\r\nhost: x\r\n\r\n',
    'GET http://[ HTTP/1.1\r\nhost: x\r\n\r\n',
    'OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n',
    'CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n',
    'GET /%ff%zz HTTP/1.1\r\nhost: x\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    '\0\0\0\0',
    '',
  ])('is answered or refused, and the server still serves: %j', async (bytes) => {
    await using server = await MockResponsesServer.start()
    const answer = await raw(server, bytes)
    expect(answer).not.toMatch(/^HTTP\/1\.1 [25]/)
    expect((await ask(server, BODY)).status).toBe(200)
    server.assertConsumed()
  })

  it('never ends the process, whatever its bytes are', async () => {
    await using server = await MockResponsesServer.start()
    const piece = fc.oneof(
      fc.constantFrom('GET ', 'POST ', '/', '//', '/v1/responses', ' HTTP/1.1', '\r\n', '\r\n\r\n', 'host: x\r\n', '*'),
      fc.constantFrom(
        'content-length: 5\r\n',
        'transfer-encoding: chunked\r\n',
        'expect: 100-continue\r\n',
        '5\r\n',
        '[{',
        '"',
      ),
      fc.constantFrom(
        'upgrade: websocket\r\nconnection: upgrade\r\n',
        'content-encoding: gzip\r\n',
        'authorization: Bearer x\r\n',
      ),
      fc.string({ unit: 'binary', maxLength: 20 }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        await raw(server, Buffer.from(pieces.join(''), 'utf8'))
      }),
      { numRuns: 150 },
    )
    expect((await ask(server, BODY)).status).toBe(200)
    server.assertConsumed()
  }, 30_000)
})

describe('a path', () => {
  it.each(['//v1/responses', '/v1//responses', '/v1/../v1/responses', '/./v1/responses'])(
    'in a form that no client sends is not found: %s',
    async (path) => {
      await using server = await MockResponsesServer.start()
      expect(await raw(server, posted(path, JSON.stringify(BODY)))).toMatch(/^HTTP\/1\.1 404/)
      expect(await raw(server, posted('/v1/responses', JSON.stringify(BODY)))).toMatch(/^HTTP\/1\.1 200/)
    },
  )
})

describe('a script', () => {
  it.each([
    [1, /script 1, entry 2 \(ok\): not taken\n- script 1, entry 3 \(ok\): not taken$/],
    [5, /script 1: 3 entries, but 2 more requests came$/],
  ])('of three entries met by %i requests does not pass', async (requests, message) => {
    await using server = await MockResponsesServer.start()
    server.script(['ok', 'ok', 'ok'])
    for (let n = 0; n < requests; n++) await ask(server, BODY)
    expect(() => server.assertConsumed()).toThrow(message)
  })

  it('passes with the expected number of requests, and with more if the test allows it', async () => {
    await using server = await MockResponsesServer.start()
    server.script(['ok', { at: 'headers', effect: 'status', status: 503 }])
    server.script(['ok'], { call: 'a' })
    for (const headers of [{}, {}, { 'x-mock-call': 'a' }]) await ask(server, BODY, headers as Record<string, string>)
    server.assertConsumed()
    await ask(server, BODY, { 'x-mock-call': 'a' })
    expect(() => server.assertConsumed()).toThrow('script of call "a": 1 entries, but 1 more requests came')
    server.assertConsumed({ allowMore: true })
  })
})

describe('a request that OpenAI refuses', () => {
  it.each<[body: object, param: string, code: string]>([
    [{ input: 'Hi' }, 'model', 'missing_required_parameter'],
    [{ ...BODY, model: 5 }, 'model', 'invalid_type'],
    [{ ...BODY, model: null }, 'model', 'missing_required_parameter'],
    [{ model: 'gpt-5' }, 'input', 'missing_required_parameter'],
    [{ ...BODY, input: 5 }, 'input', 'invalid_type'],
    [{ ...BODY, input: [5] }, 'input', 'invalid_type'],
    [{ ...BODY, stream: 'yes' }, 'stream', 'invalid_type'],
    [{ ...BODY, tools: {} }, 'tools', 'invalid_type'],
    [{ ...BODY, reasoning: 5 }, 'reasoning', 'invalid_type'],
    [{ ...BODY, metadata: { a: 1 } }, 'metadata', 'invalid_type'],
    [{ ...BODY, previous_response_id: 5 }, 'previous_response_id', 'invalid_type'],
  ])('is refused with 400 in its shape, unless the server is not strict: %j', async (body, param, code) => {
    await using server = await MockResponsesServer.start()
    const refused = await ask(server, body)
    expect(refused.status).toBe(400)
    expect(refused.body.error).toMatchObject({ type: 'invalid_request_error', param, code })
    // It accepts what the strict one has refused.
    await using lax = await MockResponsesServer.start({ strict: false })
    expect((await ask(lax, { ...body, previous_response_id: null, stream: false })).status).toBe(200)
  })

  it('has no credential: 401', async () => {
    await using server = await MockResponsesServer.start()
    const refused = await ask(server, BODY, { authorization: '' })
    expect(refused).toMatchObject({ status: 401, body: { error: { type: 'invalid_request_error', code: null } } })
    expect((await ask(server, BODY, { authorization: '', 'api-key': 'k' })).status).toBe(200)
  })
})

describe('a body nested a hundred thousand levels deep', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  it.each(['input', 'tools', 'metadata'])('gets a 400, and the server still works: %s', async (field) => {
    await using server = await MockResponsesServer.start()
    const body = `{"model":"gpt-5","${field}":${deep}}`
    expect(await raw(server, posted('/v1/responses', body))).toMatch(/^HTTP\/1\.1 400/)
    expect(server.requests[0]).toMatchObject({ json: undefined, inputTokens: 0, outcome: 'complete' })
    server.assertConsumed()
  })
})
