import { describe, expect, it } from 'vitest'
import {
  explain,
  fetchTransport,
  findResilientError,
  isResilientError,
  ResilientClient,
  type ResilientClientOptions,
  undiciTransport,
} from '../../src/index.ts'
import { FakeTransport, failedStream, fake, textStream } from '../../src/testing/index.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { invalid } from '../support/typed.ts'

describe('a refused value is named if it is a word or a number of a vocabulary', () => {
  it.each([
    [{ commit: 'first' }, "commit: got 'first'"],
    [{ isolation: 'none' }, "isolation: got 'none'"],
    [{ interruption: 'retry' }, "interruption: got 'retry'"],
    [{ timeouts: { idleMs: 'Auto' } }, "timeouts.idleMs: got 'Auto'"],
    [{ hedge: 'always' }, "hedge: got 'always'"],
    [{ maxRetries: '99999' }, "maxRetries: got '99999'"],
    [{ commit: 'sk-planted-1234567890' }, 'commit: got a string of 21 characters'],
    [{ apiKey: 5 }, 'apiKey: got a value of type number'],
    [{ headers: 'first' }, 'headers: got a string of 5 characters'],
  ])('%o', (options, message) => {
    expect(() => new ResilientClient(invalid<ResilientClientOptions>(options))).toThrow(message)
  })
})

describe('a typical mistake is refused with the correction', () => {
  it.each([
    [{ apiKey: 'Bearer sk-planted-1234567890' }, "apiKey: begins with 'Bearer'"],
    [{ baseURL: 'https://api.openai.com/v1/responses' }, 'leave /responses out'],
    [{ endpoints: [{ baseURL: 'https://a.test/v1/responses/' }] }, 'endpoints.0.baseURL: got an address that ends'],
    [
      { apiKey: 'k', endpoints: [{ baseURL: 'https://a.test' }, { baseURL: 'https://b.test' }] },
      'endpoints.1.headers:',
    ],
    [{ endpoints: [{ baseURL: 'https://a.test', url: 'x' }] }, "accepted in 'endpoints.0' are baseURL, headers"],
  ])('%o', (options, message) => {
    const refused = () => new ResilientClient(options as ResilientClientOptions)
    expect(refused).toThrow(message)
    expect(refused).not.toThrow('planted')
  })
})

describe('an argument that fetch cannot use is a TypeError before anything is sent', () => {
  it.each([
    ['dispatcher: 5', { dispatcher: 5 }],
    ['dispatcher: {}', { dispatcher: {} }],
    ['body: Symbol()', { body: Symbol('x') }],
  ])('%s', async (_what, init) => {
    const transport = new FakeTransport([])
    const client = new ResilientClient({ transport })
    const called = client.fetch('https://api.test/v1/responses', invalid({ method: 'POST', ...init }))
    await expect(called).rejects.toThrow(TypeError)
    expect(client.stats().activeCalls).toBe(0)
    await client.close()
    expect(transport.requests).toEqual([])
  })
})

describe('an unknown option, or one without an effect, is refused', () => {
  const of = (options: object): never => invalid(options)
  it.each<[string, () => unknown, RegExp]>([
    ['fetchTransport', () => fetchTransport(fetch, of({ redirects: 'manual' })), /redirects.*accepted are redirect/],
    [
      'fetchTransport, no fetch',
      () => fetchTransport(invalid('https://secret')),
      /^fetch: got a string of 14 characters; accepted: a function with the signature of `fetch`\.$/,
    ],
    ['fetchTransport, null', () => fetchTransport(fetch, invalid(null)), /must be an object; got null/],
    ['fetchTransport, a word', () => fetchTransport(fetch, of({ redirect: 'follow' })), /redirect: got 'follow'/],
    ['undiciTransport', () => undiciTransport(invalid(null)), /must be an object; got null/],
    ['fake.status', () => fake.status(503, of({ header: {} })), /unknown option 'header'/],
    ['fake.respond', () => fake.respond(textStream(), of({ delayMs: 5 })), /unknown option 'delayMs'/],
    ['fake.respond, nothing', () => fake.respond(invalid(undefined)), /expected events/],
    [
      'fake.connectError',
      () => fake.connectError(invalid('FOO')),
      /expected an Error, or a code: ECONNREFUSED.*got 'FOO'/,
    ],
    ['fake.reset', () => fake.reset(invalid('FOO')), /got 'FOO'/],
    ['textStream', () => textStream(of({ txt: 'a' })), /unknown option 'txt'; accepted: text/],
    ['failedStream', () => failedStream(of({ text: 'a' })), /unknown option 'text'/],
  ])('%s', (_what, act, message) => {
    expect(act).toThrow(message)
  })

  it('MockResponsesServer', async () => {
    await using server = await MockResponsesServer.start()
    expect(() => server.script(['ok'], of({ cal: 'x' }))).toThrow(/unknown key "cal"/)
    expect(() => server.script(invalid('x'))).toThrow(TypeError)
    expect(() => server.dropConnections(invalid('x'))).toThrow(/'reset' or 'close'/)
  })
})

it('findResilientError, isResilientError and explain survive what cannot be read', () => {
  const fails = (): never => {
    throw new Error('not here')
  }
  const hostile = new Proxy(new Error('x'), { get: fails, getPrototypeOf: fails, has: fails })
  const { proxy, revoke } = Proxy.revocable(new Error('x'), {})
  revoke()
  const getters = Object.defineProperties(new Error('x'), { cause: { get: fails }, errors: { get: fails } })
  for (const error of [hostile, proxy, getters, new Error('y', { cause: hostile }), new AggregateError([proxy])]) {
    expect(findResilientError(error)).toBeUndefined()
    expect(isResilientError(error)).toBe(false)
    expect(explain(error, { picture: true })).toBeUndefined()
  }
})
