import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import http from 'node:http'
import net, { type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import tls from 'node:tls'
import { describe, expect, it } from 'vitest'
import { ConnectionError, explain, type TlsOptions } from '../../src/index.ts'
import { testCertificate } from '../support/certificates.ts'
import { playFetch, playStream } from './support/play.ts'

const authority = testCertificate({ name: 'field authority', isAuthority: true })
const leaf = testCertificate({ hosts: ['127.0.0.1', 'localhost'], issuer: authority })
const stranger = testCertificate({ name: 'a client that nobody knows' })
const OURS = { key: leaf.key, cert: leaf.cert }
const ASKS = { ...OURS, requestCert: true, rejectUnauthorized: true, ca: authority.cert }

interface Listening extends AsyncDisposable {
  readonly port: number
  /** Connections that were accepted. */
  readonly connections: () => number
}

async function listening(server: Server): Promise<Listening> {
  const sockets = new Set<net.Socket>()
  let connections = 0
  server.on('connection', (socket: net.Socket) => {
    connections++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** A TLS alert in the place of an answer. */
const alerting = (alert: number) =>
  net.createServer((socket) => socket.once('data', () => socket.write(Buffer.from([0x15, 3, 3, 0, 2, 2, alert]))))

async function played(port: number, options: TlsOptions, host = '127.0.0.1') {
  const client = { baseURL: `https://${host}:${port}/v1`, tls: { ca: authority.cert, ...options } }
  const { error } = await playStream(client)
  const fetched = await playFetch(client)
  expect((fetched.error as Error).cause).toMatchObject({ code: (error as ConnectionError).code })
  return error as ConnectionError
}

const CASES: ReadonlyArray<
  [
    what: string,
    make: () => Server,
    options: TlsOptions,
    code: string,
    systemCode: RegExp,
    words: RegExp,
    host?: string,
  ]
> = [
  [
    'a required client certificate, TLS 1.3',
    () => tls.createServer(ASKS),
    {},
    'client_certificate_refused',
    /CERTIFICATE_REQUIRED/,
    /requires a client certificate .* Set `tls\.cert` and `tls\.key`\./,
  ],
  [
    'a required client certificate, TLS 1.2',
    () => tls.createServer({ ...ASKS, maxVersion: 'TLSv1.2' }),
    {},
    'tls_refused',
    /HANDSHAKE_FAILURE/,
    /a client certificate is missing .*`tls\.cert`/,
  ],
  [
    'a server that is too old',
    () => tls.createServer({ ...OURS, maxVersion: 'TLSv1.2' }),
    { minVersion: 'TLSv1.3' },
    'tls_refused',
    /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/,
    /no common TLS version .*`tls\.minVersion`/,
  ],
  [
    'a server that is too new',
    () => tls.createServer({ ...OURS, minVersion: 'TLSv1.3' }),
    { maxVersion: 'TLSv1.2' },
    'tls_refused',
    /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/,
    /no common TLS version/,
  ],
  [
    'no cipher in common',
    () => tls.createServer({ ...OURS, maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-SHA' }),
    {},
    'tls_refused',
    /HANDSHAKE_FAILURE/,
    /no cipher in common/,
  ],
  [
    'https to a port that speaks http',
    () => http.createServer((_, response) => response.end('hello')),
    {},
    'tls_refused',
    /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/,
    /the port does not use TLS .* Use http: in the address, or the port for https/,
  ],
  [
    'https to a port that greets',
    () => net.createServer((socket) => socket.write('220 mail.test ESMTP\r\n')),
    {},
    'tls_refused',
    /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/,
    /does not use TLS/,
  ],
  [
    'a name that the endpoint does not know',
    () => alerting(112),
    {},
    'tls_refused',
    /UNRECOGNIZED_NAME/,
    /does not know the requested host name .*`tls\.servername`/,
    'localhost',
  ],
  ...([42, 43, 44, 45, 46, 48, 49] as const).map(
    (alert) =>
      [
        `alert ${alert}, about a certificate`,
        () => alerting(alert),
        { cert: stranger.cert, key: stranger.key },
        'client_certificate_refused',
        /_ALERT_/,
        /refused the client certificate .*`tls\.cert`/,
      ] satisfies (typeof CASES)[number],
  ),
  [
    'a certificate of an unknown authority',
    () => tls.createServer(OURS),
    { ca: stranger.cert },
    'certificate_rejected',
    /^UNABLE_TO_|^SELF_SIGNED|^DEPTH_ZERO/,
    /is not trusted .*`tls\.ca`/,
  ],
  [
    'a certificate of another host',
    () => tls.createServer(OURS),
    { servername: 'other.test' },
    'certificate_rejected',
    /ALTNAME_INVALID/,
    /for another host .*`tls\.servername`/,
  ],
]

describe('TLS that cannot succeed', () => {
  it.each(CASES)(
    'is final, named, and says what to do: %s',
    async (_, make, options, code, systemCode, words, host) => {
      await using server = await listening(make())
      const error = await played(server.port, options, host)
      expect(error).toBeInstanceOf(ConnectionError)
      expect(error).toMatchObject({ code, retryable: false, giveUpReason: 'not_retryable' })
      expect((error.cause as { code: string }).code).toMatch(systemCode)
      expect(error.message).toMatch(words)
      expect(error.message).not.toContain('SSL routines')
      expect(explain(error)?.split('\n')[0]).toBe(error.message)
      // One for each face.
      expect(server.connections()).toBe(2)
    },
  )

  it('differs from TLS that broke for another reason, which is retried', async () => {
    await using server = await listening(alerting(80))
    // The second reconnect would come after a second, and the call has no more than that.
    const client = {
      baseURL: `https://127.0.0.1:${server.port}/v1`,
      tls: { ca: authority.cert },
      timeouts: { totalMs: 1000 },
      random: () => 0,
    }
    expect((await playStream(client)).error).toMatchObject({
      code: 'connection_failed',
      giveUpReason: 'deadline_exceeded',
    })
    expect(server.connections()).toBe(2)
  })
})

/** Another implementation of the server's side: with TLS 1.3 it judges the client after the client is connected. */
describe('openssl s_server', () => {
  it.each([
    ['requires a certificate', {}, /requires a client certificate/, []],
    ['does not know the certificate', { cert: stranger.cert, key: stranger.key }, /refused the client certificate/, []],
    ['requires a certificate, TLS 1.2', {}, /a client certificate is missing/, ['-no_tls1_3']],
  ])('%s', async (_, options, words, args) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'tls-field-'))
    let server: ChildProcess | undefined
    try {
      for (const [name, pem] of [
        ['key', leaf.key],
        ['cert', leaf.cert],
        ['ca', authority.cert],
      ] as const)
        await writeFile(path.join(folder, name), pem)
      const started = spawn(
        'openssl',
        [
          's_server',
          '-accept',
          '127.0.0.1:0',
          '-www',
          '-Verify',
          '1',
          '-verify_return_error',
          '-key',
          'key',
          '-cert',
          'cert',
          '-CAfile',
          'ca',
          ...args,
        ],
        { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] },
      )
      server = started
      const port = await portOf(started)
      const error = await played(port, options)
      expect(error.message).toMatch(words)
      expect(error).toMatchObject({ retryable: false, giveUpReason: 'not_retryable' })
      expect(error.attempts).toHaveLength(1)
    } finally {
      if (server !== undefined && server.exitCode === null) {
        const exited = once(server, 'exit')
        server.kill()
        await exited
      }
      await rm(folder, { recursive: true })
    }
  })
})

/** s_server says `ACCEPT 127.0.0.1:40123` once it listens. */
async function portOf(server: ChildProcess): Promise<number> {
  let said = ''
  for await (const chunk of server.stdout ?? []) {
    said += chunk
    const port = /ACCEPT \S*:(\d+)/.exec(said)?.[1]
    if (port !== undefined) return Number(port)
  }
  throw new Error(`openssl ended: ${said}`)
}
