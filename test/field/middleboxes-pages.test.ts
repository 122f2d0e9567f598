import { describe, expect, it } from 'vitest'
import { UpstreamError } from '../../src/index.ts'
import { testCertificate } from '../support/certificates.ts'
import { freePorts } from '../support/free-ports.ts'
import { Haproxy, Nginx, program } from './support/middleboxes.ts'
import { playCreate, playFetch, playStream } from './support/play.ts'

const SECRET = 'sk-field'

/** Every face fails with the status and the words of the page, after `requests` at most. */
async function expectPage(port: number, status: number, words: RegExp, input = 'Hello'): Promise<void> {
  const baseURL = `http://127.0.0.1:${port}/v1`
  for (const { error } of [await playStream({ baseURL }, { input }), await playCreate({ baseURL }, { input })]) {
    expect(error).toBeInstanceOf(UpstreamError)
    const { message, status: told, attempts } = error as UpstreamError
    expect(told).toBe(status)
    expect(message).toMatch(words)
    expect(message).not.toMatch(/<|\n/)
    expect(message).not.toContain(SECRET)
    expect(attempts).toHaveLength(1)
  }
  const fetched = await playFetch({ baseURL }, { model: 'gpt-5', input, stream: true })
  expect(fetched.result?.status).toBe(status)
}

describe.skipIf(program('nginx') === undefined)('pages of nginx (skipped where nginx is not installed)', () => {
  it('413: an input above `client_max_body_size`, while it is still being sent', async () => {
    const [port = 0] = await freePorts(1)
    await using _box = await Nginx.start(
      port,
      `client_max_body_size 1k; server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:9; } }`,
    )
    await expectPage(port, 413, /413 Request Entity Too Large/, 'x'.repeat(3_000_000))
  })

  it('403: a rule that answers with a text', async () => {
    const [port = 0] = await freePorts(1)
    await using _box = await Nginx.start(
      port,
      `server { listen 127.0.0.1:${port}; default_type text/plain; location / { return 403 "Blocked by policy 17"; } }`,
    )
    await expectPage(port, 403, /Blocked by policy 17/)
  })

  it('403: `deny all`', async () => {
    const [port = 0] = await freePorts(1)
    await using _box = await Nginx.start(port, `server { listen 127.0.0.1:${port}; location / { deny all; } }`)
    await expectPage(port, 403, /403 Forbidden/)
  })

  it('404: an address that nginx does not know, which the error names', async () => {
    const [port = 0] = await freePorts(1)
    await using _box = await Nginx.start(port, `server { listen 127.0.0.1:${port}; location / { return 404; } }`)
    await expectPage(
      port,
      404,
      new RegExp(`404 Not Found.* The address was 127\\.0\\.0\\.1:${port}/v1/responses. baseURL may be wrong`),
    )
  })

  it('502: an endpoint that is down is retried, and the error shows the last page', async () => {
    const [port = 0, away = 0] = await freePorts(2)
    await using _box = await Nginx.start(
      port,
      `server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${away}; } }`,
    )
    const { error } = await playCreate({ baseURL: `http://127.0.0.1:${port}/v1` })
    expect(error).toMatchObject({ status: 502, message: expect.stringMatching(/502 Bad Gateway/) })
    expect((error as UpstreamError).attempts).toHaveLength(5)
  })

  it('400: plain HTTP to the port for HTTPS', async () => {
    const { key, cert } = testCertificate({ hosts: ['127.0.0.1'] })
    const [port = 0] = await freePorts(1)
    const box = await Nginx.start(
      port,
      `server { listen 127.0.0.1:${port} ssl; ssl_certificate cert.pem; ssl_certificate_key key.pem; }`,
      (nginx) => {
        nginx.write('cert.pem', cert)
        nginx.write('key.pem', key)
      },
    )
    await using _box = box
    await expectPage(
      port,
      400,
      /plain HTTP request was sent to HTTPS port.* expects TLS on this port: use https: in baseURL/,
    )
  })

  it.for([['TLSv1.2'], ['TLSv1.3']])(
    '400: `ssl_verify_client on` and no client certificate, over %s',
    async ([version]) => {
      const authority = testCertificate({ name: 'authority', isAuthority: true })
      const { key, cert } = testCertificate({ hosts: ['127.0.0.1'], issuer: authority })
      const [port = 0] = await freePorts(1)
      await using _box = await Nginx.start(
        port,
        `server { listen 127.0.0.1:${port} ssl; ssl_protocols ${version}; ssl_certificate cert.pem; ssl_certificate_key key.pem;
        ssl_client_certificate ca.pem; ssl_verify_client on; }`,
        (nginx) => {
          nginx.write('cert.pem', cert)
          nginx.write('key.pem', key)
          nginx.write('ca.pem', authority.cert)
        },
      )
      const { error } = await playCreate({ baseURL: `https://127.0.0.1:${port}/v1`, tls: { ca: authority.cert } })
      expect(error).toMatchObject({
        status: 400,
        message: expect.stringContaining('No required SSL certificate was sent'),
      })
      expect((error as UpstreamError).attempts).toHaveLength(1)
    },
  )
})

describe.skipIf(program('haproxy') === undefined)('pages of haproxy (skipped where haproxy is not installed)', () => {
  const config = (port: number, rules: string) => `defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
listen clients
  bind 127.0.0.1:${port}
${rules}
`

  it('403: a rule denies the request', async () => {
    const [port = 0] = await freePorts(1)
    await using _box = await Haproxy.start(port, config(port, '  http-request deny'))
    await expectPage(port, 403, /403 Forbidden.*Request forbidden by administrative rules/)
  })
})
