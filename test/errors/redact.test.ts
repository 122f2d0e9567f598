import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toError } from '../../src/call/to-error.ts'
import { isCredentialHeader } from '../../src/errors/header-names.ts'
import { withoutSecrets } from '../../src/errors/hide.ts'
import { redact, redactUrl, redactWord, secretsOf } from '../../src/errors/redact.ts'
import { systemCauseOf } from '../../src/errors/system-cause.ts'
import { classifyTransportError } from '../../src/retry/classify-transport.ts'
import { classifyUpstream } from '../../src/retry/classify-upstream.ts'

const SECRET = 'Sw0rdf1sh_abc.123-XYZ'
const JWT = `eyJhbGciOiJIUzI1NiJ9.${'eyJzdWIiOiIxMjM0In0'}.${SECRET.replace(/\W/g, '')}`

describe('what is shown of foreign text', () => {
  it.each<[where: string, text: string]>([
    ['a bearer header', `authorization: Bearer ${SECRET}`],
    ['a bearer token alone', `invalid Bearer ${SECRET} given`],
    ['a basic header', `Authorization: Basic ${btoa(SECRET)}`],
    ['an API key', `Incorrect API key provided: sk-proj-${SECRET}.`],
    ['a masked API key', 'Incorrect API key provided: sk-ab**************wxyz.'],
    ['a session key', `session sess-${SECRET}`],
    ['JSON', `{"api_key":"${SECRET}","x":1}`],
    ['JSON within JSON', JSON.stringify({ body: JSON.stringify({ api_key: SECRET, 'access-token': SECRET }) })],
    ['a form', `grant=x&client_secret=${SECRET}&y=1`],
    ['a header of its own', `x-api-key: ${SECRET}`],
    ['a cookie with several values', `cookie: a=1; session=${SECRET}; b=2`],
    ['a cookie that is set', `Set-Cookie: id=${SECRET}; Path=/; HttpOnly`],
    ['cookies in JSON', `{"cookie":"a=1; b=${SECRET}"}`],
    ['a JSON web token', `token was ${JWT} and no more`],
    ['a query', `GET https://api.test/v1/responses?code=${SECRET}&x=1 failed`],
    ['a fragment', `at https://api.test/#access=${SECRET}`],
    ['the user of an address', `https://user:${SECRET}@proxy.test:8080/ refused`],
    ['the user of an address that is no http', `socks5://user:${SECRET}@proxy.test`],
    ['a password', `password=${SECRET}`],
  ])('holds no secret of %s', (_, text) => {
    const clean = redact(text)
    expect(clean).toContain('[redacted]')
    for (const piece of [SECRET, 'Sw0rdf1sh', 'XYZ', btoa(SECRET), 'wxyz', JWT.slice(0, 20)]) {
      expect(clean).not.toContain(piece)
    }
  })

  it.each([
    'Rate limit reached for gpt-5 on tokens per min (TPM): Limit 30000, Used 29000. Try again in 11.054s.',
    'read ECONNRESET',
    'getaddrinfo ENOTFOUND api.test',
    'max_output_tokens: 100, tokens: 5',
    'https://api.test/v1/responses',
    'The secret of success and cookies are words.',
    'task-12345678 and risk-aversion',
  ])('is unchanged without a secret: %s', (text) => {
    expect(redact(text)).toBe(text)
  })

  it('leaves the words that follow bearer and basic in a sentence', () => {
    const text = 'Missing bearer or basic authentication in header'
    expect(redact(text)).toBe(text)
    const hides = 'Basic [redacted], bearer [redacted], Bearer [redacted], bearer [redacted]'
    expect(redact('Basic dXNlcjpwYXNz, bearer abc, Bearer abcdefghijklmnop, bearer order')).toBe(hides)
  })

  it('contains no secret of the request, at any place in the text', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 4, maxLength: 40, unit: fc.constantFrom(...'abcdefgXYZ0123./+=') }), {
          minLength: 1,
          maxLength: 5,
        }),
        fc.array(fc.oneof(fc.string({ maxLength: 2000, size: 'max' }), fc.nat(4)), { maxLength: 8 }),
        (secrets, parts) => {
          const text = parts.map((part) => (typeof part === 'number' ? (secrets[part] ?? '') : part)).join('')
          const clean = redact(text, secrets).replaceAll('[redacted]', '\u0000')
          for (const secret of secrets) expect(clean).not.toContain(secret)
        },
      ),
    )
  })

  it('contains no secret that begins another one, and none that was cut', () => {
    expect(redact('x abcdEFGH y', ['abcd', 'abcdEFGH'])).toBe('x [redacted] y')
    // Everything before the cut shrinks to a word: what the cut left of the secret would move into sight.
    for (let shown = 4; shown < SECRET.length; shown++) {
      const text = `${`?${'k'.repeat(1600 - 21 - shown)}`.padStart(1600 - shown - 3, 'https://api.test/')} a ${SECRET}`
      expect(text.indexOf(SECRET)).toBe(1600 - shown)
      expect(redact(text, [SECRET])).not.toContain(SECRET.slice(0, 4))
    }
  })

  it('is an excerpt on one line', () => {
    expect(redact('a\n\n  b\tc\u0000')).toMatch(/^a b c/)
    const long = redact('word '.repeat(100_000))
    expect(long).toHaveLength(200)
    expect(long.endsWith('…')).toBe(true)
    expect(redact('abcdef', [], 4)).toBe('abc…')
  })

  it('takes linear time', () => {
    for (const text of [
      'https://'.repeat(50_000),
      'token='.repeat(50_000),
      `eyJ${'a.'.repeat(50_000)}`,
      'cookie'.repeat(50_000),
    ]) {
      expect(redact(text).length).toBeLessThanOrEqual(200)
    }
  })
})

describe('a credential', () => {
  it.each(['authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'x-api-key', 'api-key', 'x-auth-token'])(
    'is what %s carries',
    (name) => {
      expect(isCredentialHeader(name)).toBe(true)
      expect(isCredentialHeader(name.toUpperCase())).toBe(true)
    },
  )

  it.each(['content-type', 'accept', 'user-agent', 'openai-organization', 'x-request-id'])(
    'is not what %s carries',
    (name) => {
      expect(isCredentialHeader(name)).toBe(false)
    },
  )

  it('is read from the headers, the query and the user of a request', () => {
    const url = new URL(`https://u:${SECRET}@api.test/?key=a%20b%2Fc&v=1`)
    const secrets = secretsOf(url, [
      ['authorization', `Bearer ${JWT}`],
      ['accept', 'text/plain'],
    ])
    expect(secrets).toEqual(expect.arrayContaining([`Bearer ${JWT}`, JWT, 'a%20b%2Fc', SECRET]))
    expect(secrets).not.toContain('text/plain')
    expect(redactUrl(url)).toBe('https://api.test/?[redacted]')
    expect(redactUrl(new URL('https://api.test/v1#x'))).toBe('https://api.test/v1')
  })
})

describe('an error that is printed', () => {
  const url = new URL(`https://api.test/v1/responses?code=${SECRET}`)
  const secrets = secretsOf(url, [['authorization', `Bearer ${SECRET}`]])
  const facts = {
    attempts: [],
    giveUpReason: 'not_retryable' as const,
    replaySafety: 'safe' as const,
    responseStarted: false,
    phase: 'waiting' as const,
    continuation: true,
    committed: false,
    lastSequenceNumber: undefined,
  }
  const socket = { remoteAddress: '10.0.0.1', secret: SECRET }
  const original = Object.assign(new Error(`failed with authorization: Bearer ${SECRET}`), {
    code: 'ECONNRESET',
    socket,
    request: { headers: { authorization: SECRET } },
    cause: Object.assign(new Error(`inner ${SECRET}`), { code: 'EPIPE', body: SECRET }),
  })
  const said = `Your prompt was refused. key: ${SECRET}`
  const error = { code: `c_${SECRET}`, type: SECRET, message: said }

  it.each([
    ['of a transport', classifyTransportError(original, { connecting: false, host: url.host, secrets })],
    ['of an answer', classifyUpstream({ status: 401, error, header: () => undefined, wallNow: 0, secrets })],
    ['of a stream', classifyUpstream({ status: undefined, error, header: () => undefined, wallNow: 0, secrets })],
  ])('shows no secret: %s', (_, failed) => {
    for (const committed of [false, true]) {
      const thrown = toError(failed, { ...facts, committed })
      const wrapped = new TypeError('fetch failed', { cause: thrown })
      const printed = [
        inspect(wrapped, { depth: 20, showHidden: true }),
        JSON.stringify(thrown),
        String(thrown),
        thrown.stack,
      ]
      for (const text of printed) expect(text).not.toContain(SECRET)
    }
  })
})

describe('the system cause at the end of the chain', () => {
  it('keeps the code and the facts of the original, but not its socket and its stack', () => {
    const original = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), {
      code: 'ECONNREFUSED',
      syscall: 'connect',
      address: '127.0.0.1',
      port: 1,
      socket: { big: 'object' },
    })
    const cause = systemCauseOf('connection_refused', new TypeError('fetch failed', { cause: original }))
    expect({ ...cause }).toEqual({ code: 'ECONNREFUSED', syscall: 'connect', address: '127.0.0.1', port: 1 })
    expect(cause.message).toBe('connect ECONNREFUSED 127.0.0.1:1')
    expect(cause.stack).toBe('Error: connect ECONNREFUSED 127.0.0.1:1')
    expect(inspect(cause)).not.toContain('big')
    expect(cause.cause).toBeUndefined()
  })

  it('has the code of the catalog if the original has none that hosts know', () => {
    const coded = (code: unknown) => Object.assign(new Error('x'), { code })
    expect(systemCauseOf('ttfb_timeout', undefined)).toMatchObject({ code: 'ETIMEDOUT' })
    expect(systemCauseOf('connection_reset', new Error('x'))).toMatchObject({ code: 'ECONNRESET', message: 'x' })
    expect(systemCauseOf('request_body_failed', coded('ERR_RESILIENT_BODY')).code).toBe('UND_ERR_SOCKET')
    expect(systemCauseOf('not_scripted', coded('FAKE_ATTEMPT_NOT_PLANNED')).code).toBe('UND_ERR_INVALID_ARG')
    expect(systemCauseOf('protocol_error', coded('HPE_INVALID_CHUNK_SIZE')).code).toBe('UND_ERR_SOCKET')
    expect(systemCauseOf('decoding_failed', coded('Z_DATA_ERROR')).code).toBe('UND_ERR_SOCKET')
    expect(systemCauseOf('connection_failed', coded(7)).code).toBe('ECONNRESET')
    expect(systemCauseOf('certificate_rejected', coded('ERR_TLS_CERT_ALTNAME_INVALID')).code).toBe(
      'ERR_TLS_CERT_ALTNAME_INVALID',
    )
    expect(systemCauseOf('connection_failed', 'no error').code).toBe('ECONNRESET')
  })

  it('is an error of any depth, and its message is redacted', () => {
    const leaking = Object.assign(new Error(`sent Bearer ${SECRET}`), { code: 'EPIPE' })
    expect(systemCauseOf('connection_reset', leaking).message).toBe('sent Bearer [redacted]')
  })
})

it('hides in a plain word the same secrets as in any text', () => {
  const chars = fc.constantFrom(...'abAB1._-%+ \u00e9')
  const secret = fc.string({ unit: chars, minLength: 1, maxLength: 30 })
  // The word holds the secret without its percent-encoding, and so not the first four characters of the secret.
  expect(withoutSecrets('abcdefgh', ['%61bcdefgh'], 100)).not.toContain('bcdefgh')
  expect(redactWord('abcdefgh', ['%61bcdefgh'], 100)).toBe(withoutSecrets('abcdefgh', ['%61bcdefgh'], 100))
  fc.assert(
    fc.property(
      fc.array(secret, { maxLength: 3 }),
      fc.string({ unit: chars, maxLength: 10 }),
      fc.nat(40),
      (secrets, more, at) => {
        const from = secrets.join('')
        const word = `${more}${from.slice(at % (from.length + 1))}`.replace(/[^\w.-]/g, '')
        expect(redactWord(word, secrets, 100)).toBe(withoutSecrets(word, secrets, 100))
        expect(redactWord(word.toUpperCase(), secrets, 100)).toBe(withoutSecrets(word.toUpperCase(), secrets, 100))
      },
    ),
  )
})
