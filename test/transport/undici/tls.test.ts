import type { TLSSocket, TlsOptions } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/errors/errors.ts'
import { undiciTransport } from '../../../src/transport/undici/undici-transport.ts'
import { testCertificate } from '../../support/certificates.ts'
import { noClientSocketsLeft } from '../../support/proc-net.ts'
import { RawServer } from '../../support/raw-server.ts'
import { fetched, send } from '../../support/recorder.ts'
import { turns, until } from '../../support/until.ts'
import { around, type Setup, setup } from './setup.ts'

const authority = testCertificate({ name: 'Test Authority' })
const trusted = testCertificate({ hosts: ['127.0.0.1', 'api.test'], issuer: authority })

async function secure(
  serving: TlsOptions = trusted,
  options: Parameters<typeof around>[1] = { tls: { ca: authority.cert } },
): Promise<Setup> {
  const { key, cert, ...others } = serving
  const tls = { key, cert, ...others } as TlsOptions
  return around(await RawServer.answering((_request, connection) => connection.answer(), { tls }), options)
}

function tlsSocket(rig: Setup, n: number): TLSSocket {
  return rig.server.connections[n - 1]?.socket as TLSSocket
}

describe('TLS', () => {
  it('speaks HTTP/1.1 with an endpoint whose certificate is trusted', async () => {
    await using rig = await secure({ ...trusted, ALPNProtocols: ['h2', 'http/1.1'] })
    const { text } = await fetched(rig.transport, rig.url)
    expect(text).toBe('ok')
    expect(tlsSocket(rig, 1).alpnProtocol).toBe('http/1.1')
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    '%s: resumes its sessions over connections and generations',
    async (version) => {
      await using rig = await secure({ ...trusted, minVersion: version, maxVersion: version })
      for (let generation = 1; generation <= 3; generation++) {
        const { recorder, exchange } = send(rig.transport, rig.url, { connection: 'fresh' })
        await recorder.ended()
        expect(recorder.info).toMatchObject({ generation, reused: false })
        exchange.poison('a test')
        await turns()
      }
      expect([1, 2, 3].map((n) => tlsSocket(rig, n).isSessionReused())).toEqual([false, true, true])
    },
  )

  it('asks for the configured name, and verifies it', async () => {
    const other = testCertificate({ hosts: ['other.test'], issuer: authority })
    await using rig = await secure(other, { tls: { ca: authority.cert, servername: 'other.test' } })
    await fetched(rig.transport, rig.url)
    expect(tlsSocket(rig, 1).servername).toBe('other.test')
  })

  it('shows a client certificate to an endpoint that wants one', async () => {
    const client = testCertificate({ name: 'a client', issuer: authority })
    const serving = { ...trusted, ca: authority.cert, requestCert: true, rejectUnauthorized: true }
    await using rig = await secure(serving, {
      tls: { ca: [authority.cert], cert: client.cert, key: Buffer.from(client.key) },
    })
    await fetched(rig.transport, rig.url)
    expect(tlsSocket(rig, 1).getPeerCertificate().subject.CN).toBe('a client')
  })

  it('without the client certificate that an endpoint wants is an error', async () => {
    await using rig = await secure({ ...trusted, ca: authority.cert, requestCert: true, rejectUnauthorized: true })
    const { recorder } = send(rig.transport, rig.url)
    await recorder.settled()
    expect(recorder.failure).toBeInstanceOf(Error)
    expect(recorder.has('head')).toBe(false)
  })

  it.each([
    { ca: 'no certificate' },
    { cert: trusted.cert, key: 'no key' },
    { cert: trusted.cert, key: authority.key },
  ])('with material that cannot be used is refused at once: %#', (tls) => {
    expect(() => undiciTransport({ tls })).toThrow(ConfigurationError)
  })
})

describe('an untrusted certificate (fault 6)', () => {
  const host = { hosts: ['127.0.0.1'] }
  it.each([
    ['expired', testCertificate({ ...host, issuer: authority, expired: true }), 'CERT_HAS_EXPIRED'],
    ['self-signed', testCertificate(host), 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['of another host', testCertificate({ hosts: ['other.test'], issuer: authority }), 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [
      'of an unknown authority',
      testCertificate({ ...host, issuer: testCertificate({ name: 'Somebody' }) }),
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ],
  ])(
    '%s: an error with its code, each time; no request goes out, and nothing is poisoned',
    async (_what, bad, code) => {
      for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
        await using rig = await secure({ ...bad, minVersion: version, maxVersion: version })
        for (let i = 0; i < 3; i++) {
          const { recorder } = send(rig.transport, rig.url)
          await recorder.settled()
          recorder.assertOrderly()
          expect(recorder.reports).toEqual(['connecting', 'error'])
          expect(recorder.failure?.code).toBe(code)
          await turns()
        }
        expect(rig.server.connections.every(({ received }) => received.length === 0)).toBe(true)
        expect(rig.transport.stats()).toMatchObject({ connections: 0, leases: 0, clients: 1 })
      }
    },
  )

  it('is accepted only with rejectUnauthorized: false', async () => {
    const bad = testCertificate({ ...host, expired: true })
    await using rig = await secure(bad, { tls: { rejectUnauthorized: false } })
    await fetched(rig.transport, rig.url)
  })
})

describe('a TLS handshake that fails', () => {
  it('by stalling (fault 5): `connecting`, and destroy() leaves no socket', async () => {
    await using rig = await setup({ tls: { ca: authority.cert } })
    const secureUrl = rig.url.replace('http:', 'https:')
    const sent = [send(rig.transport, secureUrl), send(rig.transport, secureUrl)]
    const connection = await rig.server.connection(2)
    await connection.until(() => connection.received.length > 100, 'the hello of the client')
    for (const { recorder } of sent) expect(recorder.reports).toEqual(['connecting'])
    sent[0]?.destroy()
    await until(() => rig.server.open.length === 1, 'its connection is closed')
    await rig.transport.destroy()
    expect(sent[1]?.recorder.reports).toEqual(['connecting', 'error'])
    await noClientSocketsLeft(rig.server.port)
  })

  it.each(['end', 'reset'] as const)('by %s of the connection is a connection that failed', async (how) => {
    await using rig = await setup()
    const { recorder } = send(rig.transport, rig.url.replace('http:', 'https:'))
    const connection = await rig.server.connection()
    await connection.until(() => connection.received.length > 100, 'the hello of the client')
    connection[how]()
    await recorder.settled()
    expect(recorder.reports).toEqual(['connecting', 'error'])
    expect(recorder.failure?.code).toBe('ECONNRESET')
    await connection.gone()
  })

  it('because the endpoint does not speak TLS is an error', async () => {
    await using rig = await setup()
    const { recorder } = send(rig.transport, rig.url.replace('http:', 'https:'))
    const connection = await rig.server.connection()
    connection.write('HTTP/1.1 400 Bad Request\r\n\r\n')
    await recorder.settled()
    expect(recorder.failure?.code).toMatch(/^ERR_SSL_/)
    await connection.gone()
  })
})
