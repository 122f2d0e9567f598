import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clientRules, parseOptions } from '../../src/client/options.ts'
import { ResilientClient } from '../../src/client/resilient-client.ts'
import { resolveSettings } from '../../src/client/settings.ts'
import { ConfigurationError } from '../../src/errors/errors.ts'
import { FakeTransport, VirtualClock } from '../../src/testing/index.ts'

/** What `parseOptions` throws for `options`: it must be a `ConfigurationError`. */
function refusal(options: unknown): ConfigurationError {
  return refusalOf(() => parseOptions(options), inspect(options))
}

function refusalOf(act: () => unknown, what = 'the options'): ConfigurationError {
  try {
    act()
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError)
    return error as ConfigurationError
  }
  throw new Error(`accepted: ${what}`)
}

const clock = new VirtualClock()
const ALL = {
  baseURL: 'https://api.test/v1',
  apiKey: 'k',
  headers: { a: 'b' },
  maxRetries: 2,
  retry: {
    baseDelayMs: 1,
    maxDelayMs: 2,
    maxHintMs: 3,
    budget: { capacity: 1, depositPerSuccess: 0, refillPerMinute: 0.5 },
  },
  retryUnknown: true,
  timeouts: { connectMs: 1, sendMs: 2, ttfbMs: 3, idleMs: 'auto', progressMs: 4, staleMs: 0, totalMs: 5 },
  isolation: 'fresh',
  keepAliveMs: 1,
  warm: 1,
  warmMs: 1,
  maxConnections: 1,
  transport: new FakeTransport([], { clock }),
  proxy: 'env',
  tls: { ca: ['pem', Buffer.from('pem')], cert: 'c', key: 'k', rejectUnauthorized: true, minVersion: 'TLSv1.2' },
  commit: 'first_event',
  commitAfterMs: 0,
  beforeCommitMs: 0,
  streamFailure: 'sse_error',
  limits: { eventBytes: 0, preludeBytes: 1, headerBytes: 2 },
  onEvent: () => {},
  clock,
  random: () => 0,
} as const

describe('options', () => {
  it('are all optional, and accepted all together', () => {
    expect(parseOptions({})).toEqual({})
    expect(parseOptions(ALL)).toEqual(ALL)
    const undefinedOnes = Object.fromEntries(Object.keys(clientRules).map((name) => [name, undefined]))
    expect(() => resolveSettings(parseOptions(undefinedOnes))).not.toThrow()
  })

  it.each<[options: object, path: string, accepted: string]>([
    [{ maxRetrys: 3 }, 'maxRetrys', 'maxRetries'],
    [{ maxAttempts: 3 }, 'maxAttempts', 'maxRetries'],
    [{ retry: { base: 1 } }, 'retry.base', 'baseDelayMs'],
    [{ retry: { budget: { size: 1 } } }, 'retry.budget.size', 'depositPerSuccess'],
    [{ timeouts: { ttfb: 1 } }, 'timeouts.ttfb', 'ttfbMs'],
    [{ limits: { bodyBytes: 1 } }, 'limits.bodyBytes', 'eventBytes'],
    [{ tls: { pfx: 'x' } }, 'tls.pfx', 'servername'],
    [JSON.parse('{"__proto__":1}') as object, '__proto__', 'baseURL'],
    [{ constructor: 1 }, 'constructor', 'baseURL'],
  ])('that are unknown are refused at every level, with those that are known: %j', (options, path, accepted) => {
    const error = refusal(options)
    expect(error.path).toBe(path)
    expect(error.message).toContain(`Unknown option '${path}'`)
    expect(error.message).toContain(accepted)
  })

  it.each<[options: object, path: string, newName: string]>([
    [{ onInterrupted: 'restart' }, 'onInterrupted', 'interruption'],
    [{ onStreamFailure: 'sse_error' }, 'onStreamFailure', 'streamFailure'],
    [{ hedge: { suspicion: 0.9 } }, 'hedge.suspicion', 'hedge.deadProbability'],
    [{ hedge: { maxLegs: 2, minMs: 'x' } }, 'hedge.maxLegs', 'hedge.maxConcurrent'],
    [{ hedge: { maxWaste: undefined } }, 'hedge.maxWaste', 'hedge.maxExtraShare'],
  ])('with an old name are refused with the new one, by a client and by a view: %j', (options, path, newName) => {
    const client = new ResilientClient({ transport: new FakeTransport([], { clock }), clock })
    for (const error of [refusal(options), refusalOf(() => client.withOptions(options))]) {
      expect(error.path).toBe(path)
      expect(error.message).toBe(`Option '${path}' has a new name: '${newName}'.`)
    }
  })

  it.each<[options: object, path: string, newName: string]>([
    [{ maxLegs: 2 }, 'maxLegs', 'hedge.maxConcurrent'],
    [{ maxWaste: 0.1 }, 'maxWaste', 'hedge.maxExtraShare'],
    [{ suspicion: 0.9 }, 'suspicion', 'hedge.deadProbability'],
    [{ ttfbMs: 5000 }, 'ttfbMs', 'timeouts.ttfbMs'],
    [{ retry: { depositPerSuccess: 1 } }, 'retry.depositPerSuccess', 'retry.budget.depositPerSuccess'],
  ])('of a section are refused outside of it, with the path to write: %j', (options, path, place) => {
    const client = new ResilientClient({ transport: new FakeTransport([], { clock }), clock })
    for (const error of [refusal(options), refusalOf(() => client.withOptions(options))]) {
      expect(error.path).toBe(path)
      expect(error.message).toContain(`Unknown option '${path}'`)
      expect(error.message).toContain(`write '${place}' instead.`)
    }
  })

  const whole = 'a whole number from 0 to 1000'
  const orOff = 'a number of milliseconds from 0 (off) to 2147483647'
  const orAuto = `'auto', or ${orOff}`
  it.each<[options: object, path: string, value: string, accepted: string]>([
    [{ maxRetries: -1 }, 'maxRetries', '-1', whole],
    [{ maxRetries: 1.5 }, 'maxRetries', '1.5', whole],
    [{ maxRetries: 1001 }, 'maxRetries', '1001', whole],
    [{ maxRetries: '4' }, 'maxRetries', "'4'", whole],
    [{ maxRetries: null }, 'maxRetries', 'null', whole],
    [{ maxRetries: Number.NaN }, 'maxRetries', 'NaN', whole],
    [{ timeouts: { ttfbMs: 'Auto' } }, 'timeouts.ttfbMs', "'Auto'", orAuto],
    [{ timeouts: { ttfbMs: -1 } }, 'timeouts.ttfbMs', '-1', orAuto],
    [{ timeouts: { idleMs: Number.POSITIVE_INFINITY } }, 'timeouts.idleMs', 'Infinity', orAuto],
    [{ timeouts: { staleMs: 'auto' } }, 'timeouts.staleMs', "'auto'", orOff],
    [{ timeouts: { totalMs: 2 ** 31 } }, 'timeouts.totalMs', '2147483648', orOff],
    [{ timeouts: 5 }, 'timeouts', '5', 'an object'],
    [{ timeouts: [] }, 'timeouts', 'an array', 'an object'],
    [{ retry: { baseDelayMs: -1 } }, 'retry.baseDelayMs', '-1', 'a number of milliseconds from 0 to 2147483647'],
    [{ retry: { budget: true } }, 'retry.budget', 'true', 'false, or an object with capacity'],
    [{ retry: { budget: { capacity: 0 } } }, 'retry.budget.capacity', '0', 'a whole number from 1 to 1000000'],
    [{ retry: { budget: { refillPerMinute: -1 } } }, 'retry.budget.refillPerMinute', '-1', 'a number from 0'],
    [{ retryUnknown: 'yes' }, 'retryUnknown', "'yes'", 'true or false'],
    [{ isolation: 'shared' }, 'isolation', "'shared'", "'leased' or 'fresh'"],
    [{ hedge: 'yes' }, 'hedge', "'yes'", "'auto', true, false, or an object"],
    [{ hedge: { afterMs: 0 } }, 'hedge.afterMs', '0', 'a number of milliseconds from 1 to 2147483647'],
    [{ hedge: { deadProbability: 1 } }, 'hedge.deadProbability', '1', 'a number above 0 and below 1'],
    [{ hedge: { maxConcurrent: 1 } }, 'hedge.maxConcurrent', '1', 'a whole number from 2 to 10'],
    [{ hedge: { maxExtraShare: 2 } }, 'hedge.maxExtraShare', '2', 'a number from 0 to 1'],
    [{ concurrency: { calls: 0 } }, 'concurrency.calls', '0', 'a whole number from 1 to 1000000'],
    [{ concurrency: { queueMs: -1 } }, 'concurrency.queueMs', '-1', 'a number of milliseconds from 0 (off)'],
    [{ endpoints: [{ baseURL: 'https://a.test', weight: 0 }] }, 'endpoints.0.weight', '0', 'a number above 0'],
    [{ endpointOf: 'a' }, 'endpointOf', "'a'", 'a function'],
    [{ warm: -1 }, 'warm', '-1', 'a whole number from 0 to 1000'],
    [{ warmMs: 0 }, 'warmMs', '0', 'a number of milliseconds from 1 to 2147483647'],
    [{ maxConnections: 0 }, 'maxConnections', '0', 'a whole number from 1'],
    [{ commit: 'never' }, 'commit', "'never'", "'progress' or 'first_event'"],
    [{ streamFailure: 'ignore' }, 'streamFailure', "'ignore'", "'error' or 'sse_error'"],
    [{ limits: { eventBytes: 1.5 } }, 'limits.eventBytes', '1.5', 'a whole number of bytes, 0 for no bound'],
    [{ onEvent: {} }, 'onEvent', 'a value of type object', 'a function'],
    [{ random: 0.5 }, 'random', '0.5', 'a function that returns a number from 0 to below 1'],
    [{ clock: { now: () => 0 } }, 'clock', 'a value of type object', 'a Clock'],
    [{ transport: () => {} }, 'transport', 'a value of type function', 'a transport: undiciTransport(options)'],
    [{ transport: null }, 'transport', 'null', 'a transport'],
    [{ baseURL: 5 }, 'baseURL', '5', 'an http: or https: address'],
    [{ headers: { b: 'c', a: 1 } }, "headers['a']", 'a value of type number', 'a string.'],
    [{ headers: { a: undefined } }, "headers['a']", 'undefined', 'a string.'],
    [
      { endpoints: [{ baseURL: 'https://a.test', headers: { 'x-a': ['b'] } }] },
      "endpoints.0.headers['x-a']",
      'an array',
      'a string.',
    ],
    [{ headers: new Headers({ a: 'b' }) }, 'headers', 'a value of type object', 'an object of strings'],
    [{ headers: new Map([['a', 'b']]) }, 'headers', 'a value of type object', 'an object of strings'],
    [{ headers: [['a', 'b']] }, 'headers', 'an array', 'an object of strings'],
    [{ tls: { ca: [5] } }, 'tls.ca', 'an array', 'PEM'],
    [{ tls: { minVersion: 'TLSv1' } }, 'tls.minVersion', 'a string of 5 characters', "'TLSv1.2' or 'TLSv1.3'"],
    [{ apiKey: '' }, 'apiKey', 'an empty string', 'a string that is not empty; leave it out if no key is needed'],
  ])(
    'that are not accepted are refused with path, value and what is accepted: %j',
    (options, path, value, accepted) => {
      const error = refusal(options)
      expect(error).toMatchObject({ path, code: 'invalid_configuration', retryable: false })
      expect(error.message.startsWith(`${path}: got ${value}; accepted: ${accepted}`)).toBe(true)
    },
  )

  it.each([null, undefined, 5, 'x', [], [{}], true, () => {}])('must be an object: %s', (options) => {
    expect(refusal(options).message).toMatch(/^The options must be an object; got /)
  })

  it('show no value that is a secret', () => {
    const secret = 'swordfish'
    for (const options of [
      { apiKey: [secret] },
      { headers: secret },
      { headers: { authorization: [secret] } },
      { endpoints: [{ baseURL: 'https://a.test', headers: secret }] },
      { endpoints: [{ baseURL: 'https://a.test', headers: { authorization: [secret] } }] },
      { proxy: { url: secret } },
      { tls: { key: { pem: secret } } },
      { tls: secret },
      { tls: { passphrase: [secret] } },
      { tls: { minVersion: secret } },
      { onEvent: { secret } },
    ]) {
      expect(inspect(refusal(options), { depth: 10 })).not.toContain(secret)
    }
    // What is no secret is shown, but not at any length.
    expect(refusal({ commit: 'x'.repeat(5000) }).message.length).toBeLessThan(200)
  })

  it('are copied: neither written to nor shared with the caller', () => {
    const given = structuredClone({
      ...ALL,
      transport: undefined,
      clock: undefined,
      random: undefined,
      onEvent: undefined,
      tls: undefined,
    })
    const before = JSON.stringify(given)
    const frozen = deepFreeze(given)
    const parsed = parseOptions(frozen)
    const settings = resolveSettings({ ...parsed, isolation: 'fresh' })
    expect(JSON.stringify(frozen)).toBe(before)
    expect(parsed.retry).not.toBe(given.retry)
    expect(parsed.timeouts).not.toBe(given.timeouts)
    expect(settings.headers).not.toBe(given.headers)
    expect(settings.headers).toEqual(given.headers)
  })

  it('give settings or a ConfigurationError, whatever they are', () => {
    const values = fc.oneof(
      { weight: 3, arbitrary: fc.anything() },
      fc.constantFrom(0, 1, 1000, 'auto', 'env', true, false, () => {}, 'https://x.test', { a: 'b' }),
    )
    const level = (schema: object): fc.Arbitrary<unknown> =>
      fc.oneof(
        values,
        fc.record(Object.fromEntries(Object.keys(schema).map((name) => [name, values])), { requiredKeys: [] }),
      )
    const names = Object.fromEntries(Object.keys(clientRules).map((name) => [name, values]))
    const nested = {
      timeouts: level({ ttfbMs: 1, idleMs: 1, staleMs: 1, totalMs: 1, other: 1 }),
      retry: level({ baseDelayMs: 1, maxDelayMs: 1, budget: 1, other: 1 }),
      tls: level({ ca: 1, cert: 1, key: 1, other: 1 }),
      limits: level({ eventBytes: 1, other: 1 }),
    }
    const options = fc.oneof(fc.anything(), fc.record({ ...names, ...nested }, { requiredKeys: [] }), fc.jsonValue())
    fc.assert(
      fc.property(options, (given) => {
        try {
          resolveSettings(parseOptions(given))
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigurationError)
          expect((error as Error).message).not.toMatch(/undefined is not|Cannot read|\[object Object\]/)
        }
      }),
      { numRuns: 1000 },
    )
  })
})

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner)
    Object.freeze(value)
  }
  return value
}
