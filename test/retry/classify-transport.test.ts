import { describe, expect, it } from 'vitest'
import { ERROR_CATALOG, type ErrorCode } from '../../src/errors/catalog.ts'
import { classifyTransportError } from '../../src/retry/classify-transport.ts'
import { FetchThrew } from '../../src/transport/fetch-threw.ts'

function coded(code: string, fields: object = {}): Error {
  return Object.assign(new Error(`something about ${code}`), { code }, fields)
}
function classify(error: unknown, connecting = false) {
  return classifyTransportError(error, { connecting, host: 'api.test', secrets: ['swordfish'] })
}

/** Each code with what it means on an open connection, and while connecting; and whether it was provably not sent. */
const TABLE: ReadonlyArray<readonly [code: string, open: ErrorCode, connecting: ErrorCode, neverSent: boolean]> = [
  ['ECONNREFUSED', 'connection_refused', 'connection_refused', true],
  ['ECONNRESET', 'connection_reset', 'connection_reset', false],
  ['EPIPE', 'connection_reset', 'connection_reset', false],
  ['ECONNABORTED', 'connection_reset', 'connection_reset', false],
  ['ETIMEDOUT', 'connection_failed', 'connect_timeout', false],
  ['ENOTFOUND', 'host_not_found', 'host_not_found', true],
  ['EAI_NONAME', 'host_not_found', 'host_not_found', true],
  ['EAI_AGAIN', 'dns_failed', 'dns_failed', true],
  ['EAI_FAIL', 'dns_failed', 'dns_failed', true],
  // A route can be lost under an open connection, too.
  ['ENETUNREACH', 'network_unreachable', 'network_unreachable', false],
  ['EHOSTUNREACH', 'network_unreachable', 'network_unreachable', false],
  ['ENETDOWN', 'network_unreachable', 'network_unreachable', false],
  ['EADDRNOTAVAIL', 'resources_exhausted', 'resources_exhausted', false],
  ['EMFILE', 'resources_exhausted', 'resources_exhausted', false],
  ['ENFILE', 'resources_exhausted', 'resources_exhausted', false],
  ['ENOBUFS', 'resources_exhausted', 'resources_exhausted', false],
  ['UND_ERR_CONNECT_TIMEOUT', 'connect_timeout', 'connect_timeout', true],
  ['UND_ERR_SOCKET', 'connection_closed', 'connection_closed', false],
  ['UND_ERR_HEADERS_TIMEOUT', 'connection_failed', 'connection_failed', false],
  ['UND_ERR_BODY_TIMEOUT', 'connection_failed', 'connection_failed', false],
  ['UND_ERR_HEADERS_OVERFLOW', 'headers_too_large', 'headers_too_large', false],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'body_truncated', 'body_truncated', false],
  ['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'event_too_large', 'event_too_large', false],
  ['UND_ERR_CLOSED', 'client_closed', 'client_closed', false],
  ['UND_ERR_DESTROYED', 'client_closed', 'client_closed', false],
  ['UND_ERR_PRX_TLS', 'certificate_rejected', 'certificate_rejected', true],
  ['UND_ERR_INVALID_ARG', 'invalid_configuration', 'invalid_configuration', false],
  ['ERR_RESILIENT_BODY', 'request_body_failed', 'request_body_failed', false],
  ['ERR_RESILIENT_DECODING', 'decoding_failed', 'decoding_failed', false],
  ['ERR_RESILIENT_PROXY_REFUSED', 'proxy_refused', 'proxy_refused', true],
  ['ERR_RESILIENT_PROXY_FAILED', 'proxy_failed', 'proxy_failed', true],
  ['FAKE_ATTEMPT_NOT_PLANNED', 'not_scripted', 'not_scripted', false],
  ['HPE_INVALID_CHUNK_SIZE', 'protocol_error', 'protocol_error', false],
  ['CERT_HAS_EXPIRED', 'certificate_rejected', 'certificate_rejected', true],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'certificate_rejected', 'certificate_rejected', true],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'certificate_rejected', 'certificate_rejected', true],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'certificate_rejected', 'certificate_rejected', true],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'certificate_rejected', 'certificate_rejected', true],
  ['NO_CERT_HERE', 'connection_failed', 'connection_failed', false],
  ['SOMETHING_ELSE', 'connection_failed', 'connection_failed', false],
]

const LANES: Readonly<Partial<Record<ErrorCode, 'pushback' | undefined>>> = {
  resources_exhausted: 'pushback',
  certificate_rejected: undefined,
  headers_too_large: undefined,
  event_too_large: undefined,
  client_closed: undefined,
  invalid_configuration: undefined,
  request_body_failed: undefined,
  proxy_refused: undefined,
  not_scripted: undefined,
}

describe('the error of a transport', () => {
  it.each(TABLE)('%s is %s, while connecting %s', (code, open, connecting, neverSent) => {
    expect(classify(coded(code))).toMatchObject({ code: open, connecting: neverSent })
    expect(classify(coded(code), true)).toMatchObject({ code: connecting, connecting: true })
    expect(classify(coded(code)).lane).toBe(open in LANES ? LANES[open] : 'connection')
  })

  it('means that nothing was sent if the system call was a connect or a lookup, from any transport', () => {
    for (const code of ['ETIMEDOUT', 'ENETUNREACH', 'EHOSTUNREACH', 'ECONNRESET', 'EMFILE']) {
      expect(classify(new TypeError('fetch failed', { cause: coded(code, { syscall: 'connect' }) })).connecting).toBe(
        true,
      )
      expect(classify(coded(code, { syscall: 'read' })).connecting).toBe(false)
      expect(classify(coded(code, { syscall: 'write' })).connecting).toBe(false)
    }
    expect(classify(coded('ETIMEDOUT', { syscall: 'connect' })).code).toBe('connect_timeout')
    expect(classify(coded('SOMETHING_ELSE', { syscall: 'getaddrinfo' })).connecting).toBe(true)
  })

  it('is found at any depth of causes, by code and never by message', () => {
    const deep = new TypeError('fetch failed', { cause: new Error('x', { cause: coded('ECONNRESET') }) })
    expect(classify(deep).code).toBe('connection_reset')
    const all = new AggregateError([coded('ECONNREFUSED'), coded('ETIMEDOUT')], 'all failed')
    expect(classify(new TypeError('fetch failed', { cause: all })).code).toBe('connection_refused')
    expect(classify(new Error('read ECONNRESET: the certificate has expired')).code).toBe('connection_failed')
    const parser = Object.assign(new Error('Parse Error'), { name: 'HTTPParserError', code: undefined })
    expect(classify(parser).code).toBe('protocol_error')
  })

  it.each([undefined, null, 'ECONNRESET', 7, {}, { code: 'ECONNRESET' }, Object.assign(new Error('x'), { code: 7 })])(
    'is a generic failure if it is not a usable error: %s',
    (error) => {
      expect(classify(error)).toMatchObject({ code: 'connection_failed', lane: 'connection' })
      if (!(error instanceof Error)) expect(classify(error).message).toMatch(/failed: no further detail$/)
    },
  )

  it('that a wrapped fetch threw by itself is handed on as the very thing', () => {
    const thrown = new SyntaxError('of the token endpoint')
    const failed = classify(new FetchThrew(thrown))
    expect(failed).toMatchObject({ code: 'fetch_threw', lane: undefined })
    expect(failed.thrown?.error).toBe(thrown)
  })

  it('is a port for HTTPS that was asked in plain HTTP, where an alert of TLS comes in the place of an answer', () => {
    const parser = (fields: object) => Object.assign(new Error('Parse Error'), { name: 'HTTPParserError' }, fields)
    for (const code of [undefined, 'HPE_INVALID_CONSTANT'] as const) {
      const failed = classify(parser({ data: '\u0015\u0003\u0003\u0000\u0002', code }))
      expect(failed).toMatchObject({ code: 'tls_refused', lane: undefined, connecting: true })
      expect(failed.message).toBe(
        'Could not connect to api.test: the port expects TLS, but the address says http: (HPE_INVALID_CONSTANT). Use https: in the address.',
      )
    }
    expect(classify(parser({ data: '\u0015\u0003', code: 'HPE_OTHER' })).message).toContain('(HPE_OTHER)')
    for (const data of ['HTTP/9.9', 'a \u0015\u0003', 7, undefined]) {
      expect(classify(parser({ data })).code).toBe('protocol_error')
    }
  })

  it('names the host, and shows no secret', () => {
    expect(classify(coded('ENOTFOUND')).message).toBe('Could not connect to api.test: something about ENOTFOUND')
    const leaking = coded('ECONNRESET')
    leaking.message = 'reset while sending authorization: Bearer abc and swordfish'
    expect(classify(leaking).message).toMatch(/^The connection to api\.test failed: /)
    expect(classify(leaking).message).not.toMatch(/abc|swordfish/)
  })

  it('maps each known code to a code of the catalog', () => {
    for (const [, open, connecting] of TABLE) {
      expect(ERROR_CATALOG).toHaveProperty(open)
      expect(ERROR_CATALOG).toHaveProperty(connecting)
    }
  })
})
