import { once } from 'node:events'
import net, { type AddressInfo, type Server } from 'node:net'
import tls from 'node:tls'
import { describe, expect, it } from 'vitest'
import { ConnectionError, explain, fetchTransport, ResilientClient, UpstreamError } from '../../src/index.ts'
import { testCertificate } from '../support/certificates.ts'
import { type Answer, answer, fieldServer, jsonAnswer } from './support/field-server.ts'
import { playCreate, playFetch, playOpenAI, playStream } from './support/play.ts'

const page = (title: string): Answer =>
  answer(404, `<html><head><title>${title}</title></head><body><h1>${title}</h1><hr>nginx</body></html>`, {
    'content-type': 'text/html',
  })

const WRONG: ReadonlyArray<[what: string, given: Answer]> = [
  ['nginx', page('404 Not Found')],
  ['Express', answer(404, '<pre>Cannot POST /api/responses</pre>', { 'content-type': 'text/html; charset=utf-8' })],
  ['Go', answer(404, '404 page not found\n', { 'content-type': 'text/plain; charset=utf-8' })],
  ['a page without a label', answer(404, '<h1>Nothing here</h1>')],
  ['nothing', answer(404, '')],
  ['FastAPI', jsonAnswer(404, { detail: 'Not Found' })],
  ['a JSON text', jsonAnswer(404, 'Not Found')],
  ['a framework that says it in JSON', jsonAnswer(404, { message: 'Not Found', statusCode: 404 })],
]

const GENUINE: ReadonlyArray<[what: string, status: number, body: unknown]> = [
  ['a model', 404, { error: { message: 'The model does not exist.', code: 'model_not_found' } }],
  ['a response', 404, { error: { message: 'Not Found', type: 'invalid_request_error' } }],
  ['words', 404, { error: "model 'qwen3' not found" }],
  ['another status', 403, { detail: 'Not Found' }],
]

describe('a 404 that is not from a Responses API', () => {
  it.each(WRONG)('names the requested address, without its query: %s', async (_, given) => {
    await using server = await fieldServer([given])
    const { host } = new URL(server.baseURL)
    const baseURL = `http://${host}/api?api-version=hidden-value`
    const said = `The address was ${host}/api/responses. baseURL may be wrong`
    for (const { error } of [await playStream({ baseURL }), await playCreate({ baseURL })]) {
      expect(error).toBeInstanceOf(UpstreamError)
      const { message, advice, attempts } = error as UpstreamError
      expect(message).toContain(said)
      expect(advice).toMatch(/^The address was /)
      expect(explain(error)?.split('\n')[0]).toContain(said)
      expect(`${message}${explain(error)}`).not.toContain('hidden-value')
      expect(attempts).toHaveLength(1)
    }
    const hosted = await playOpenAI({ baseURL: server.baseURL }, (openai) =>
      openai.responses.create({ model: 'gpt-5', input: 'Hello' }),
    )
    expect(explain(hosted.error)).toContain(`The address was ${host}/v1/responses`)
    // The drop-in hands the answer over as it came.
    expect((await playFetch({ baseURL: server.baseURL })).result).toMatchObject({ status: 404 })
  })

  it.each(GENUINE)('differs from the 404 of an API: %s', async (_, status, body) => {
    await using server = await fieldServer([jsonAnswer(status, body)])
    const { error } = await playCreate({ baseURL: server.baseURL })
    expect(error).toMatchObject({ status, advice: undefined })
    expect((error as Error).message).not.toContain('baseURL')
  })
})

const TLS_PORTS: ReadonlyArray<[what: string, given: Answer]> = [
  [
    'nginx',
    answer(400, '<center>The plain HTTP request was sent to HTTPS port</center>', { 'content-type': 'text/html' }),
  ],
  ['Go', answer(400, 'Client sent an HTTP request to an HTTPS server.\n')],
  [
    'Apache',
    answer(400, "<p>Reason: You're speaking plain HTTP to an SSL-enabled server port.</p>", {
      'content-type': 'text/html',
    }),
  ],
]

describe('http: to a port that speaks TLS', () => {
  it.each(TLS_PORTS)('says to use https: if the server answers 400: %s', async (_, given) => {
    await using server = await fieldServer([given])
    const { baseURL } = server
    const { host } = new URL(baseURL)
    const said = `${host} expects TLS on this port: use https: in baseURL.`
    for (const { error } of [await playStream({ baseURL }), await playCreate({ baseURL })]) {
      expect(error).toMatchObject({ status: 400, advice: said, message: expect.stringContaining(said) })
      expect(explain(error)?.split('\n')[0]).toContain(said)
    }
    expect(server.requests).toHaveLength(2)
  })

  it('is final, and says so, if the server answers with an alert', async () => {
    await using server = await listening(
      net.createServer((socket) => socket.once('data', () => socket.end(Buffer.from([0x15, 3, 1, 0, 2, 2, 70])))),
    )
    const baseURL = `http://127.0.0.1:${server.port}/v1`
    for (const { error } of [await playStream({ baseURL }), await playCreate({ baseURL })]) {
      expect(error).toBeInstanceOf(ConnectionError)
      expect(error).toMatchObject({ code: 'tls_refused', retryable: false, giveUpReason: 'not_retryable' })
      expect((error as Error).message).toMatch(/the port expects TLS, but the address says http: .*Use https: /)
      expect(explain(error)?.split('\n')[0]).toBe((error as Error).message)
    }
    const fetched = await playFetch({ baseURL })
    expect((fetched.error as Error).cause).toMatchObject({ code: 'tls_refused' })
  })

  it('says what it may be if the server closes without an answer, and is retried', async () => {
    const { key, cert } = testCertificate({ hosts: ['127.0.0.1'] })
    await using server = await listening(
      tls.createServer({ key, cert }).on('tlsClientError', (_, socket) => socket.destroy()),
    )
    const { error } = await playCreate({ baseURL: `http://127.0.0.1:${server.port}/v1`, maxRetries: 1 })
    expect((error as Error).message).toMatch(/use https: in the address|Use https: in the address/)
  })

  it('is not suspected if a part of an answer arrived', async () => {
    await using server = await listening(
      net.createServer((socket) =>
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n')),
      ),
    )
    const { error } = await playCreate({ baseURL: `http://127.0.0.1:${server.port}/v1`, maxRetries: 0 })
    expect((error as Error).message).not.toContain('https:')
  })
})

async function listening(server: Server): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<net.Socket>()
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

it('a host that does not exist is named in the first line of explain()', async () => {
  const code = { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: 'no-such-host.test' }
  const cause = Object.assign(new Error('getaddrinfo ENOTFOUND no-such-host.test'), code)
  const transport = fetchTransport(() => Promise.reject(Object.assign(new TypeError('fetch failed'), { cause })))
  const baseURL = 'http://no-such-host.test/v1?key=hidden-value'
  const client = new ResilientClient({ baseURL, apiKey: 'k', maxRetries: 0, transport })
  const error = await client.responses.create({ model: 'm', input: 'hi' }).catch((reason: unknown) => reason)
  await client.close()
  expect(error).toMatchObject({ code: 'host_not_found' })
  expect(explain(error)?.split('\n')[0]).toContain('no-such-host.test')
  expect(explain(error)).not.toContain('hidden-value')
})
