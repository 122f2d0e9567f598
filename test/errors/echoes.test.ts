import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redact, redactWord, secretsOf } from '../../src/errors/redact.ts'

const HIDDEN = '[redacted]'

/** Whatever a header value may hold; some are written with escapes themselves. */
const secret = fc
  .string({
    minLength: 6,
    maxLength: 60,
    unit: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...'abcdefghXYZ0189') },
      { weight: 1, arbitrary: fc.constantFrom(...'+/=._-~!*$@^|:#') },
      { weight: 1, arbitrary: fc.constantFrom('%2f', '%E4', '&', '<', '"', "'", '\\', 'ä', '%', ';', ' ') },
    ),
  })
  .map((value) => value.trim())
  .filter((value) => value.length >= 6)

const html = (text: string): string =>
  text.replace(/[&<>"']/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[char] ?? '&#39;')
const everyEntity = (text: string): string =>
  [...text].map((char) => `&#x${(char.codePointAt(0) ?? 0).toString(16)};`).join('')
const json = (text: string): string => JSON.stringify(text).slice(1, -1)
const ascii = (text: string): string =>
  json(text).replace(/[^\0-\x7f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
const slashes = (text: string): string => json(text).replaceAll('/', '\\/')
const form = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1)
const percent = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`).join('')

/** How endpoints echo. */
const ECHOES: Readonly<Record<string, (text: string) => string>> = {
  raw: (text) => text,
  'in lower case': (text) => text.toLowerCase(),
  'in upper case': (text) => text.toUpperCase(),
  'in a URL': encodeURIComponent,
  'in a form': form,
  'in a URL, every byte': percent,
  'in HTML': html,
  'in HTML, every character': everyEntity,
  'in JSON': json,
  'in JSON of ASCII': ascii,
  'in JSON of PHP': slashes,
  'in JSON in JSON': (text) => json(json(text)),
  'in HTML of a URL': (text) => html(encodeURIComponent(text)),
  'in JSON of HTML': (text) => json(html(text)),
  'in JSON of a URL': (text) => json(encodeURIComponent(text)),
  'read as UTF-8': (text) => Buffer.from(text, 'latin1').toString(),
}

/** Words that no secret of this alphabet holds. */
const around = fc.constantFrom('', 'Q ', 'QQ: ', '"QQ" ', '<QQ> ', "('QQ' ")

describe('a credential that is echoed is not shown', () => {
  it.each(Object.entries(ECHOES))('%s, of a header of any name', (_, echo) => {
    fc.assert(
      fc.property(
        secret,
        around,
        around,
        fc.constantFrom('authorization', 'x-tenant', 'MyKey'),
        (value, before, after, name) => {
          const shown = redact(
            `${before}${echo(value)}${after}`,
            secretsOf(new URL('https://a.test/'), [[name, value]]),
          )
          expect(shown.replaceAll(HIDDEN, '').trim()).toBe(`${before}${after}`.replace(/\s+/g, ' ').trim())
        },
      ),
      { numRuns: 300 },
    )
  })

  it.each(Object.entries(ECHOES))('%s, of a token behind its scheme', (_, echo) => {
    fc.assert(
      fc.property(secret, (token) => {
        const shown = redact(
          `Q ${echo(token)} Q`,
          secretsOf(new URL('https://a.test/'), [['helicone-auth', `Bearer ${token}`]]),
        )
        expect(shown).toBe(`Q ${HIDDEN} Q`)
      }),
      { numRuns: 100 },
    )
  })

  it('of Basic credentials, decoded', () => {
    const secrets = secretsOf(new URL('https://a.test/'), [['authorization', `Basic ${btoa('alice:s3cr3t-word')}`]])
    expect(redact('user alice:s3cr3t-word', secrets)).toBe(`user ${HIDDEN}`)
    expect(redact('alice has another password than s3cr3t-word', secrets)).toBe(
      `${HIDDEN} has another password than ${HIDDEN}`,
    )
  })

  it('of one cookie of several, and of one part of a signature', () => {
    const secrets = secretsOf(new URL('https://a.test/'), [
      ['cookie', 'theme=dark; sid=swordfish-1'],
      ['authorization', 'AWS4-HMAC-SHA256 Credential=AKIASWORDFISH/eu/aws4_request, Signature=0badf00d5w0rd'],
    ])
    for (const part of ['swordfish-1', 'AKIASWORDFISH/eu/aws4_request', '0badf00d5w0rd'])
      expect(redact(`x ${part} y`, secrets)).toBe(`x ${HIDDEN} y`)
  })

  it.each([
    ['a+b+cdef', ['a b cdef', 'a+b+cdef', 'a%20b%20cdef', 'a%2Bb%2Bcdef']],
    ['ab%2fcd', ['ab/cd', 'ab%2fcd', 'ab%2Fcd', 'ab\\/cd', 'ab&#x2F;cd', 'ab%252Fcd']],
    ['sw%E4rd', ['sw%E4rd', 'sw%e4rd', 'sw\ufffdrd', 'swärd', 'sw\\u00e4rd']],
    ['sword%zz', ['sword%zz', 'sword%25zz']],
  ])('of the query value %s, however it is read', (value, echoes) => {
    for (const search of [`?code=${value}`, `?${value}`, `?x=1&${value}=`]) {
      const secrets = secretsOf(new URL(`https://a.test/${search}`), [])
      for (const echo of echoes) expect(redact(`Q ${echo} Q`, secrets), `${search} as ${echo}`).toBe(`Q ${HIDDEN} Q`)
    }
  })

  it('where the endpoint has cut it', () => {
    const key = 'sword-0123456789-fish-0123456789-and-more'
    const secrets = secretsOf(new URL('https://a.test/'), [['x-mine', key]])
    for (let length = 12; length <= key.length; length++)
      expect(redact(`key ${key.slice(0, length)}... is wrong`, secrets)).toBe(`key ${HIDDEN}... is wrong`)
  })

  it('as the id of the request', () => {
    const secrets = secretsOf(new URL('https://a.test/'), [['x-mine', 'swordfish-1']])
    expect(redactWord('req-SWORDFISH-1', secrets, 200)).toBe(`req-${HIDDEN}`)
    expect(redactWord('req_0123', secrets, 200)).toBe('req_0123')
    expect(redactWord('sk-abcdefgh1234', secrets, 200)).toBe(HIDDEN)
    expect(redactWord('swordfish%2D1', secrets, 200)).toBe(HIDDEN)
    expect(redactWord('x'.repeat(500), secrets, 200)).toHaveLength(200)
  })
})

describe('what is not secret is shown', () => {
  it('of the headers that say how to answer, and of those that SDKs add', () => {
    const secrets = secretsOf(new URL('https://a.test/'), [
      ['accept', 'application/json'],
      ['user-agent', 'OpenAI/JS 7'],
      ['x-stainless-helper-method', 'stream'],
      ['x-stainless-runtime', 'node'],
      ['x-flag', 'true'],
      ['x-short', 'abc'],
    ])
    const text = "Unknown parameter: 'stream_options', true of node; application/json, OpenAI/JS 7, abc"
    expect(redact(text, secrets)).toBe(text)
  })
})

it('hiding is linear: long texts, long secrets and secrets that repeat themselves', () => {
  const headers = [
    ['x-a', 'a'.repeat(60_000)],
    ['x-b', `${'ab'.repeat(30_000)}c`],
    ['x-c', '%41'.repeat(20_000)],
    ['x-d', '\\'.repeat(60_000)],
  ] as const
  const secrets = secretsOf(new URL('https://a.test/'), headers)
  const started = process.cpuUsage().user
  for (const text of [
    'a'.repeat(1e6),
    'ab'.repeat(5e5),
    '%41'.repeat(3e5),
    '&#x61;'.repeat(2e5),
    '\\u0061'.repeat(2e5),
    '\\'.repeat(1e6),
  ]) {
    expect(redact(text, secrets, 8192).length).toBeLessThanOrEqual(8192)
  }
  expect(process.cpuUsage().user - started).toBeLessThan(5_000_000)
})
