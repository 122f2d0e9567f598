import { once } from 'node:events'
import net from 'node:net'
import { describe, expect, it } from 'vitest'
import { type SidecarOptions, startSidecar } from '../../src/sidecar/index.ts'
import { ask, exchange } from '../sidecar/support/requests.ts'
import { until } from '../support/until.ts'
import { type FieldServer, fieldServer, jsonAnswer } from './support/field-server.ts'

const TOKEN = 'token-of-the-sidecar'
const CLOSE = 'Connection: close\r\n'

const open = (): Promise<FieldServer> => fieldServer([jsonAnswer(200, { ok: true })])
const options = (server: FieldServer, more: SidecarOptions = {}): SidecarOptions => ({
  upstream: server.baseURL,
  port: 0,
  hedge: false,
  ...more,
})

describe('a request that a sidecar cannot pass on unchanged', () => {
  it.each([
    ['with two hosts', 'GET /v1/x HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n', '', 400],
    ['with the same host twice', 'GET /v1/x HTTP/1.1\r\nHost: 127.0.0.1\r\nhost: 127.0.0.1\r\n', '', 400],
    [
      'with a transfer coding',
      'POST /v1/x HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: gzip, chunked\r\n',
      '2\r\nhi\r\n0\r\n\r\n',
      501,
    ],
    ['TRACE', 'TRACE /v1/x HTTP/1.1\r\nHost: 127.0.0.1\r\n', '', 501],
    ['CONNECT', 'CONNECT evil.example:443 HTTP/1.1\r\nHost: 127.0.0.1\r\n', '', 501],
    ['GET with a body', 'GET /v1/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n', 'hi', 400],
    [
      'GET with a chunked body',
      'GET /v1/x HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n',
      '2\r\nhi\r\n0\r\n\r\n',
      400,
    ],
  ])('is refused: %s', async (_, head, body, status) => {
    await using server = await open()
    await using sidecar = await startSidecar(options(server))
    const text = await exchange(sidecar, `${head}${CLOSE}\r\n${body}`)
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(server.requests).toHaveLength(0)
    expect(sidecar.stats().bufferedBytes).toBe(0)
  })

  it('is passed on if a GET announces a body of length 0', async () => {
    await using server = await open()
    await using sidecar = await startSidecar(options(server))
    expect((await ask(sidecar, { headers: { 'content-length': '0' } })).status).toBe(200)
  })
})

describe('the token of a sidecar', () => {
  it.each([
    ['authorization', `Bearer ${TOKEN}`],
    ['x-api-key', TOKEN],
    ['cookie', `t=${TOKEN}`],
  ])('is not sent to the upstream in %s', async (name, value) => {
    await using server = await open()
    await using sidecar = await startSidecar(options(server, { token: TOKEN }))
    expect((await ask(sidecar, { headers: { 'x-sidecar-token': TOKEN, [name]: value } })).status).toBe(200)
    const [request] = server.requests
    expect(request).toBeDefined()
    expect(JSON.stringify(request)).not.toContain(TOKEN)
  })

  it.each([`/v1/x?token=${TOKEN}`, `/v1/${TOKEN}`, `/v1/x?t=%74oken-of-the-sidecar`])(
    'is not sent to the upstream in %s',
    async (path) => {
      await using server = await open()
      await using sidecar = await startSidecar(options(server, { token: TOKEN }))
      const answer = await ask(sidecar, { path, headers: { 'x-sidecar-token': TOKEN } })
      expect(answer.status).toBe(400)
      expect(answer.text).not.toContain(TOKEN)
      expect(server.requests).toHaveLength(0)
    },
  )

  it('leaves other credentials unchanged', async () => {
    await using server = await open()
    await using sidecar = await startSidecar(options(server, { token: TOKEN }))
    await ask(sidecar, { headers: { 'x-sidecar-token': TOKEN, authorization: 'Bearer key-of-the-client' } })
    expect(JSON.stringify(server.requests)).toContain('key-of-the-client')
  })
})

describe('a client that waits for 100 Continue', () => {
  const head = (more: string, length = 2): string =>
    `POST /v1/x HTTP/1.1\r\n${CLOSE}Content-Length: ${length}\r\nExpect: 100-continue\r\n${more}\r\n`

  it.each([
    ['another Host', head('Host: evil.example\r\n'), 421],
    ['no token', head('Host: 127.0.0.1\r\n'), 401],
    ['a body above the bound', head(`Host: 127.0.0.1\r\nx-sidecar-token: ${TOKEN}\r\n`, 99e9), 413],
  ])('is not asked with %s', async (_, bytes, status) => {
    await using server = await open()
    await using sidecar = await startSidecar(options(server, { token: TOKEN }))
    expect(await exchange(sidecar, bytes)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  })

  it('gets it once its request is accepted', async () => {
    await using server = await open()
    await using sidecar = await startSidecar(options(server))
    const socket = net.connect(Number(new URL(sidecar.url).port), '127.0.0.1')
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk
    })
    socket.write(head('Host: 127.0.0.1\r\n'))
    await until(() => text.startsWith('HTTP/1.1 100 '), 'the client is asked')
    socket.write('{}')
    await once(socket, 'close')
    expect(text).toContain('HTTP/1.1 200 ')
    expect(String(server.requests[0]?.body)).toBe('{}')
  })
})

describe('the memory for request bodies', () => {
  it('is counted by the bytes that arrived, not by those that were announced', async () => {
    await using server = await open()
    await using sidecar = await startSidecar(options(server, { maxBodyBytes: 1000, maxBufferedBytes: 3000 }))
    const slow = [1, 2, 3, 4].map(() => {
      const socket = net.connect(Number(new URL(sidecar.url).port), '127.0.0.1')
      socket.on('error', () => {})
      socket.write('POST /v1/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nx')
      return socket
    })
    await until(() => sidecar.stats().bufferedBytes === 4, 'one byte of each is held')
    const answer = await ask(sidecar, { method: 'POST', path: '/v1/x', body: 'x'.repeat(900) })
    expect(answer.status).toBe(200)
    for (const socket of slow) socket.destroy()
    await until(() => sidecar.stats().bufferedBytes === 0, 'the bytes are given back')
  })
})
