import { describe, expect, it } from 'vitest'
import { addressAdvice, plainTextHint } from '../../src/call/address-advice.ts'

const URL_GIVEN = new URL('http://api.test:8080/responses?key=hunter2hunter2')

type Answered = Parameters<typeof addressAdvice>[0]
const advice = (given: Partial<Answered>): string | undefined =>
  addressAdvice({ url: URL_GIVEN, status: 404, isJson: false, fields: undefined, text: '', secrets: [], ...given })

const TLS = 'api.test:8080 expects TLS on this port: use https: in baseURL.'
const PATH = 'The address was api.test:8080/responses. baseURL may be wrong: most endpoints have their API under /v1.'

describe('advice about an http: address for a TLS port', () => {
  it.each([
    ['of nginx', 'The plain HTTP request was sent to HTTPS port'],
    ['of Go', 'Client sent an HTTP request to an HTTPS server.'],
    ['of Apache', "You're speaking plain HTTP to an SSL-enabled server port."],
    ['of a server that names TLS', 'speaking plain HTTP to a TLS port'],
    ['of one without an article', 'HTTP request to SSL port'],
    ['of a gateway', 'This port requires TLS.'],
    ['in upper case', 'CLIENT SENT AN HTTP REQUEST TO AN HTTPS SERVER.'],
  ])('comes with the words %s', (_, text) => {
    expect(advice({ status: 400, text })).toBe(TLS)
  })

  const text = 'This port requires TLS.'
  it.each<[what: string, given: Partial<Answered>]>([
    ['another status', { status: 401, text }],
    ['an https: address', { status: 400, text, url: new URL('https://api.test/') }],
    ['other words', { status: 400, text: 'This port requires a key.' }],
    ['the words inside other words', { status: 400, text: 'xHTTP request to SSL port' }],
    ['the words after the part that is read', { status: 400, text: ' '.repeat(4096) + text }],
  ])('does not come with %s', (_, given) => {
    expect(advice(given)).toBeUndefined()
  })

  it('comes with words at the end of the part that is read', () => {
    expect(advice({ status: 400, text: ' '.repeat(4096 - text.length) + text })).toBe(TLS)
  })
})

describe('advice about the path', () => {
  it("comes with OpenAI's words for an unknown path, and with no other error of the same type", () => {
    const fields = { type: 'invalid_request_error', message: 'Invalid URL (POST /responses)' }
    expect(advice({ isJson: true, fields })).toBe(PATH)
    expect(advice({ isJson: true, fields: { ...fields, message: 'Invalid URL in input[0]' } })).toBeUndefined()
  })

  it('comes with a 404 that is not JSON, without the query and without secrets', () => {
    expect(advice({})).toBe(PATH)
    const url = new URL('https://api.test/hunter2hunter2/responses')
    expect(advice({ url, secrets: ['hunter2hunter2'] })).not.toContain('hunter2')
    expect(advice({ status: 405 })).toBeUndefined()
  })

  it.each(['404 page not found', 'Not Found', 'not found.', '  Route not found ', 'path not found'])(
    'comes with JSON that says only %j',
    (message) => {
      expect(advice({ isJson: true, fields: { message } })).toBe(PATH)
      expect(advice({ isJson: true, fields: { message, code: '404' } })).toBe(PATH)
    },
  )

  it.each<[what: string, fields: Answered['fields']]>([
    ['nothing', undefined],
    ['no message', {}],
    ['that something else was not found', { message: 'Response not found' }],
    ['more after the words', { message: 'Not found. Try /v2.' }],
    ['a code', { message: 'Not found', code: 'model_not_found' }],
    ['a type', { message: 'Not found', type: 'invalid_request_error' }],
    ['a parameter', { message: 'Not found', param: 'model' }],
  ])('does not come with JSON that says %s', (_, fields) => {
    expect(advice({ isJson: true, fields })).toBeUndefined()
  })
})

describe('the hint that a port may expect TLS', () => {
  type Facts = Parameters<typeof plainTextHint>[0]
  const CLOSED: Facts = {
    url: URL_GIVEN,
    code: 'connection_closed',
    responseStarted: false,
    connectionReused: false,
    connecting: false,
  }

  it.each(['connection_closed', 'connection_reset'])('comes with %s on a new connection without an answer', (code) => {
    expect(plainTextHint({ ...CLOSED, code })).toBe(
      '. No byte of an answer came: if this port expects TLS, use https: in the address',
    )
  })

  it.each<[what: string, given: Partial<Facts>]>([
    ['another failure', { code: 'connection_refused' }],
    ['an https: address', { url: new URL('https://api.test/') }],
    ['an answer that began', { responseStarted: true }],
    ['a reused connection', { connectionReused: true }],
    ['a connection that was never made', { connecting: true }],
  ])('does not come with %s', (_, given) => {
    expect(plainTextHint({ ...CLOSED, ...given })).toBe('')
  })
})
