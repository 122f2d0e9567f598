import { describe, expect, it } from 'vitest'
import { ConnectionError } from '../../src/index.ts'
import { testCertificate } from '../support/certificates.ts'
import { freePorts } from '../support/free-ports.ts'
import { Haproxy, type Middlebox, Nginx, program } from './support/middleboxes.ts'
import { playCreate, playStream } from './support/play.ts'

const AUTHORITY = testCertificate({ name: 'authority', isAuthority: true })
const SERVER = testCertificate({ hosts: ['127.0.0.1'], issuer: AUTHORITY })

function prepare(box: Middlebox): void {
  box.write('cert.pem', SERVER.cert)
  box.write('key.pem', SERVER.key)
  box.write('both.pem', SERVER.cert + SERVER.key)
  box.write('ca.pem', AUTHORITY.cert)
}

/** A failure of the configuration: after one attempt, in words, without the text of OpenSSL, and with what to do. */
async function expectFinal(port: number, words: RegExp): Promise<void> {
  const options = { baseURL: `https://127.0.0.1:${port}/v1`, tls: { ca: AUTHORITY.cert } }
  for (const { error } of [await playCreate(options), await playStream(options)]) {
    expect(error).toBeInstanceOf(ConnectionError)
    const { message, attempts, retryable } = error as ConnectionError
    expect(message).toMatch(words)
    expect(message).not.toMatch(/:SSL routines:|\.c:\d+/)
    expect({ attempts: attempts.length, retryable }).toEqual({ attempts: 1, retryable: false })
  }
}

describe.skipIf(program('nginx') === undefined)('TLS at nginx (skipped where nginx is not installed)', () => {
  it('HTTPS to a port for plain HTTP is final, and says so', async () => {
    const [port = 0] = await freePorts(1)
    await using _box = await Nginx.start(port, `server { listen 127.0.0.1:${port}; }`)
    await expectFinal(port, /plain HTTP|speaks no TLS|http:/i)
  })
})

describe.skipIf(program('haproxy') === undefined)('TLS at haproxy (skipped where haproxy is not installed)', () => {
  const config = (port: number, bind: string) => `defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
listen clients
  bind 127.0.0.1:${port} ssl crt FOLDER/both.pem ${bind}
  http-request return status 200
`
  const start = async (bind: string): Promise<{ box: Haproxy; port: number }> => {
    const [port = 0] = await freePorts(1)
    // The folder is known once there is one.
    const box = await Haproxy.start(port, config(port, bind), prepare)
    return { box, port }
  }

  it.for([['TLSv1.2'], ['TLSv1.3']])(
    'a client certificate that is required and not given is final, over %s',
    async ([version]) => {
      const { box, port } = await start(
        `ca-file FOLDER/ca.pem verify required ssl-min-ver ${version} ssl-max-ver ${version}`,
      )
      await using _box = box
      await expectFinal(port, /certificate.*`?tls/i)
    },
  )

  it('HTTPS to a port for plain HTTP is final, and says so', async () => {
    const [port = 0] = await freePorts(1)
    await using _box = await Haproxy.start(
      port,
      `defaults\n  mode http\n  timeout connect 1s\n  timeout client 60s\n  timeout server 60s\nlisten clients\n  bind 127.0.0.1:${port}\n`,
    )
    await expectFinal(port, /plain HTTP|speaks no TLS|http:/i)
  })

  it('an unknown server name is final', async () => {
    const { box, port } = await start('strict-sni')
    await using _box = box
    const options = { baseURL: `https://localhost:${port}/v1`, tls: { ca: AUTHORITY.cert } }
    const { error } = await playCreate(options)
    expect(error).toBeInstanceOf(ConnectionError)
    expect((error as ConnectionError).attempts).toHaveLength(1)
    expect((error as ConnectionError).message).not.toMatch(/:SSL routines:|\.c:\d+/)
  })
})
