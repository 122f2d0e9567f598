import { inspect } from 'node:util'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ResilientClientOptions } from '../../src/client/options.ts'
import { parseOptions } from '../../src/client/options.ts'
import { type ClientSettings, resolveSettings } from '../../src/client/settings.ts'
import { checkAddress } from '../../src/core/address.ts'
import { ConfigurationError } from '../../src/errors/errors.ts'
import { FakeTransport, VirtualClock } from '../../src/testing/index.ts'
import { assertHeader } from '../../src/transport/assert-header.ts'

const settle = (options: ResilientClientOptions = {}, inherited?: ClientSettings): ClientSettings =>
  resolveSettings(parseOptions(options), inherited)

function refusal(act: () => unknown): ConfigurationError {
  try {
    act()
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError)
    return error as ConfigurationError
  }
  throw new Error('accepted')
}

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('the defaults', () => {
  it('are those of the documentation', () => {
    const settings = settle()
    const ms = Object.entries(settings.timeouts).map(([name, limit]) => [name, limit === 'auto' ? limit : limit.ms])
    expect(Object.fromEntries(ms)).toEqual({
      connectMs: 10_000,
      sendMs: 30_000,
      ttfbMs: 'auto',
      idleMs: 'auto',
      progressMs: 900_000,
      staleMs: 1_800_000,
      totalMs: 0,
    })
    expect(settings).toMatchObject({
      policy: { maxRetries: 4, baseDelayMs: 500, maxDelayMs: 20_000, maxHintMs: 60_000, retryUnknown: false },
      budget: { capacity: 20, depositPerSuccess: 0.5, refillPerMinute: 2 },
      commit: 'progress',
      commitAfterMs: 480_000,
      beforeCommitMs: 540_000,
      streamFailure: 'error',
      limits: { eventBytes: 64 * 2 ** 20, preludeBytes: 4 * 2 ** 20, headerBytes: 64 * 2 ** 10 },
      apiKey: undefined,
      headers: undefined,
    })
    expect(settings.baseURL.href).toBe('https://api.openai.com/v1')
  })

  it('fill what an option leaves open', () => {
    expect(settle({ retry: { budget: { capacity: 5 } } }).budget).toEqual({
      capacity: 5,
      depositPerSuccess: 0.5,
      refillPerMinute: 2,
    })
    expect(settle({ retry: { budget: false } }).budget).toBe(false)
    expect(settle({ timeouts: { idleMs: 0 } }).timeouts.idleMs).toEqual({ ms: 0, source: 'option' })
  })
})

describe('`commitAfterMs`', () => {
  it.each([
    [{}, 480_000],
    [{ beforeCommitMs: 100_000 }, 90_000],
    [{ beforeCommitMs: 0 }, 480_000],
    [{ commitAfterMs: 0, beforeCommitMs: 5 }, 0],
  ])('that is not given stays below `beforeCommitMs`: %j', (options, expected) => {
    expect(settle(options).commitAfterMs).toBe(expected)
  })
})

describe('options that contradict each other', () => {
  const transport = new FakeTransport([], { clock: new VirtualClock() })
  it.each<[options: ResilientClientOptions, path: string, named: readonly string[]]>([
    [{ timeouts: { ttfbMs: 20_000, staleMs: 20_000 } }, 'timeouts.ttfbMs', ['20000', 'staleMs']],
    [{ timeouts: { ttfbMs: 20_001, staleMs: 20_000 } }, 'timeouts.ttfbMs', ['20001', '20000']],
    [{ timeouts: { ttfbMs: 20_000, totalMs: 10_000 } }, 'timeouts.ttfbMs', ['20000', 'totalMs', '10000']],
    [{ timeouts: { ttfbMs: 7_200_000 } }, 'timeouts.ttfbMs', ['7200000', 'staleMs', '1800000', 'default']],
    [{ timeouts: { idleMs: 60_000, staleMs: 20_000 } }, 'timeouts.idleMs', ['60000', 'staleMs', '20000']],
    [{ timeouts: { idleMs: 20_000, staleMs: 20_000 } }, 'timeouts.idleMs', ['20000', 'staleMs']],
    [{ timeouts: { idleMs: 1_800_000 } }, 'timeouts.idleMs', ['1800000', 'staleMs', 'default']],
    [{ timeouts: { progressMs: 60_000, totalMs: 50_000 } }, 'timeouts.progressMs', ['60000', 'totalMs', '50000']],
    [{ timeouts: { connectMs: 5_000, totalMs: 5_000 } }, 'timeouts.connectMs', ['5000', 'totalMs']],
    [{ commitAfterMs: 600_000 }, 'commitAfterMs', ['600000', 'beforeCommitMs', '540000', 'default']],
    [{ commitAfterMs: 540_000 }, 'commitAfterMs', ['540000', 'beforeCommitMs']],
    [{ retry: { baseDelayMs: 20_001 } }, 'retry.baseDelayMs', ['20001', 'retry.maxDelayMs', '20000', 'default']],
    [{ hedge: { afterMs: 5, deadProbability: 0.5 } }, 'hedge.deadProbability', ['hedge.afterMs']],
    [{ hedge: { afterMs: 5, minMs: 5 } }, 'hedge.minMs', ['hedge.afterMs']],
    [{ hedge: { afterMs: 45_000 }, timeouts: { ttfbMs: 45_000 } }, 'hedge.afterMs', ['45000', 'ttfbMs']],
    [{ hedge: { minMs: 60_000 }, timeouts: { staleMs: 50_000 } }, 'hedge.minMs', ['60000', 'staleMs', '50000']],
    [{ concurrency: { queueMs: 5, pace: false } }, 'concurrency.queueMs', ['calls']],
    [{ concurrency: { queueMs: 5 }, timeouts: { totalMs: 5 } }, 'concurrency.queueMs', ['totalMs', '5']],
    [{ isolation: 'fresh', warmMs: 5 }, 'warmMs', ['warm']],
    [{ commitAfterMs: 500, beforeCommitMs: 500 }, 'commitAfterMs', ['500', 'beforeCommitMs']],
    [{ retry: { baseDelayMs: 2, maxDelayMs: 1 } }, 'retry.baseDelayMs', ['2', 'retry.maxDelayMs']],
    [{ warm: 2 }, 'warm', ['2', "isolation: 'fresh'"]],
    [{ warm: 2, isolation: 'leased' }, 'warm', ['leased']],
    [{ transport, isolation: 'fresh' }, 'isolation', ['undiciTransport']],
    [{ transport, keepAliveMs: 5 }, 'keepAliveMs', ['undiciTransport']],
    [{ transport, warm: 0 }, 'warm', ['undiciTransport']],
    [{ transport, warmMs: 5 }, 'warmMs', ['undiciTransport']],
    [{ transport, maxConnections: 5 }, 'maxConnections', ['undiciTransport']],
    [{ transport, proxy: 'env' }, 'proxy', ['undiciTransport']],
    [{ transport, tls: {} }, 'tls', ['undiciTransport']],
    [{ transport, limits: { headerBytes: 5 } }, 'limits.headerBytes', ['maxHeaderBytes']],
  ])('are refused, both named: %j', (options, path, named) => {
    const error = refusal(() => settle(options))
    expect(error.path).toBe(path)
    for (const word of named) expect(error.message).toContain(word)
  })

  it.each<ResilientClientOptions>([
    { timeouts: { ttfbMs: 19_999, staleMs: 20_000 } },
    { timeouts: { ttfbMs: 20_000, staleMs: 0 } },
    { timeouts: { ttfbMs: 0, staleMs: 20_000 } },
    { timeouts: { ttfbMs: 'auto', staleMs: 20_000 } },
    { timeouts: { staleMs: 1 } },
    // A wall clock is a bound, and may lie above another one.
    { timeouts: { staleMs: 20_000, totalMs: 10_000 } },
    { timeouts: { ttfbMs: 7_200_000, staleMs: 0 } },
    { timeouts: { idleMs: 60_000, staleMs: 0, totalMs: 60_001 } },
    { timeouts: { staleMs: 20_000, idleMs: 'auto' } },
    // A default that cannot fire is no contradiction: nobody asked for it.
    { timeouts: { staleMs: 5_000 } },
    { retry: { maxDelayMs: 100 } },
    { beforeCommitMs: 100_000 },
    { hedge: { afterMs: 44_999 }, timeouts: { ttfbMs: 45_000 } },
    { hedge: { minMs: 600_000 } },
    { concurrency: { queueMs: 5, pace: false, calls: 1 } },
    { concurrency: { queueMs: 5 } },
    { commitAfterMs: 0, beforeCommitMs: 1 },
    { commitAfterMs: 1, beforeCommitMs: 0 },
    { commitAfterMs: 600_000, beforeCommitMs: 0 },
    { retry: { baseDelayMs: 5, maxDelayMs: 5 } },
    { warm: 0 },
    { warm: 2, isolation: 'fresh' },
    { tls: { cert: 'x', key: 'y' } },
    { transport, limits: { eventBytes: 5 } },
  ])('are not these: %j', (options) => {
    expect(() => settle(options)).not.toThrow()
  })
})

describe('an address', () => {
  it.each<[baseURL: string, problem: string]>([
    ['', 'got an empty string'],
    ['api.openai.com/v1', "got 'api.openai.com/v1', an address without a scheme; write 'https://api.openai.com/v1'"],
    ['//api.openai.com/v1', "got 'api.openai.com/v1', an address without a scheme; write 'https://api.openai.com/v1'"],
    ['api.test:8443', "got 'api.test:8443', an address without a scheme; write 'https://api.test:8443'"],
    ['localhost:8080/v1', "got 'localhost:8080/v1', an address without a scheme; write 'http://localhost:8080/v1'"],
    ['127.0.0.1:8080', "got '127.0.0.1:8080', an address without a scheme; write 'http://127.0.0.1:8080'"],
    ['api.test/v1?key=swordfish', "got 'api.test/v1', an address without a scheme; write 'https://api.test/v1'"],
    ['api.test/v1#swordfish', "got 'api.test/v1', an address without a scheme; write 'https://api.test/v1'"],
    [
      'api.test/v1/sk-proj-swordfish-0123456789abcdef/x',
      "got 'api.test/v1/…', an address without a scheme; write 'https://api.test/v1/…'",
    ],
    ['user:swordfish@api.test/v1', 'got an address without a scheme'],
    ['swordfish@api.test', 'got an address without a scheme'],
    ['sk-proj-swordfish', 'got an address without a scheme'],
    ['eyJswordfish.eyJzdWIi.c2ln', 'got an address without a scheme'],
    ['ftp://api.test', "got an address with the scheme 'ftp:'"],
    ['file:///etc', "got an address with the scheme 'file:'"],
    ['https://', 'got an address that cannot be parsed'],
    ['https://user:swordfish@api.test:port', 'got an address that cannot be parsed'],
    ['https://user:swordfish@api.test', 'the address holds a user name or a password'],
    ['/v1', 'got a path without scheme and host'],
  ])(
    'that is not usable is refused with what is wrong and what to write, and without a secret: %j',
    (baseURL, problem) => {
      for (const [options, path] of [
        [{ baseURL }, 'baseURL'],
        [{ endpoints: [{ baseURL: 'https://a.test' }, { baseURL }] }, 'endpoints.1.baseURL'],
      ] as const) {
        const error = refusal(() => settle(options))
        expect(error.path).toBe(path)
        expect(error.message.startsWith(`${path}: ${problem}; expected an`)).toBe(true)
        expect(error.message).toContain('https://api.openai.com/v1')
        expect(inspect(error)).not.toContain('swordfish')
      }
    },
  )

  it('that is refused shows nothing of its user info, its query and its fragment, whatever they hold', () => {
    const secret = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_.~%'), minLength: 6, maxLength: 40 })
    const host = fc.constantFrom('api.test', 'localhost:8080', '10.0.0.1', 'API.Test', 'no host', '')
    fc.assert(
      fc.property(host, fc.constantFrom('', '/v1', '/openai/v1'), secret, secret, (name, path, user, query) => {
        for (const given of [`${user}:x@${name}${path}`, `${name}${path}?k=${query}`, `${name}${path}#${query}`]) {
          const checked = checkAddress(given)
          if ('url' in checked) continue
          expect(checked.problem).not.toContain(user)
          expect(checked.problem).not.toContain(query)
        }
      }),
    )
  })
})

describe('a header', () => {
  it.each(['a\rb', 'a\nb', 'a\0b', 'x\r\nother: y', 'swordfish\n'])(
    'with a line end or NUL in its value is refused, and not shown: %j',
    (value) => {
      for (const act of [
        () => settle({ headers: { 'x-a': value } }),
        () => settle({ apiKey: value }),
        () => assertHeader('x-a', value, "headers['x-a']"),
      ]) {
        const error = refusal(act)
        expect(error.message).toMatch(/CR, LF or NUL/)
        expect(inspect(error)).not.toContain('swordfish')
      }
    },
  )

  it('is bytes, under a name that is one', () => {
    expect(refusal(() => settle({ apiKey: 'sk-“quoted”' })).message).toMatch(/^apiKey: .*U\+00FF/)
    expect(refusal(() => settle({ headers: { 'x-a': '☺' } })).path).toBe("headers['x-a']")
    for (const name of ['', 'a b', 'a:b', 'a\r\nb', 'ä', '"a"']) {
      const error = refusal(() => settle({ headers: { [name]: 'x' } }))
      expect(error.message).toContain('not a header name')
      expect(error.message).not.toMatch(/[\r\n]/)
    }
    expect(() =>
      settle({ apiKey: 'sk-ok', headers: { "!#$%&'*+-.^_`|~x9": 'Gr\u00fc\u00dfe\t \u00ff' } }),
    ).not.toThrow()
  })
})

describe('the environment', () => {
  const VARIABLES = [
    ['TTFB_TIMEOUT_MS', 'ttfbMs'],
    ['IDLE_TIMEOUT_MS', 'idleMs'],
    ['STALE_TIMEOUT_MS', 'staleMs'],
  ] as const

  it.each(VARIABLES)('stands in for an option that is not given: %s', (variable, option) => {
    const name = `RESILIENT_RESPONSES_${variable}`
    vi.stubEnv(name, '1234')
    expect(settle().timeouts[option]).toEqual({ ms: 1234, source: `env ${name}` })
    expect(settle({ timeouts: { [option]: 99 } }).timeouts[option]).toEqual({ ms: 99, source: 'option' })
    vi.stubEnv(name, '0')
    expect(settle().timeouts[option]).toMatchObject({ ms: 0 })
    vi.stubEnv(name, '  ')
    expect(settle().timeouts[option]).not.toMatchObject({ source: `env ${name}` })
  })

  it('stands in for maxRetries, and is read anew for every client', () => {
    vi.stubEnv('RESILIENT_RESPONSES_MAX_RETRIES', '7')
    expect(settle().policy.maxRetries).toBe(7)
    expect(settle({ maxRetries: 0 }).policy.maxRetries).toBe(0)
    vi.stubEnv('RESILIENT_RESPONSES_MAX_RETRIES', '2')
    expect(settle().policy.maxRetries).toBe(2)
  })

  it.each(['abc', '-1', '1.5', '1e3', '0x10', '12 s', '99999999999', 'NaN'])('is refused when it holds %j', (value) => {
    for (const name of ['TTFB_TIMEOUT_MS', 'IDLE_TIMEOUT_MS', 'STALE_TIMEOUT_MS', 'MAX_RETRIES']) {
      const variable = `RESILIENT_RESPONSES_${name}`
      vi.stubEnv(variable, value)
      const error = refusal(() => settle())
      expect(error.path).toBe(variable)
      const got =
        value.length < 4 || /^(?:[a-z]+|-?\d{1,12}(?:\.\d+)?)$/i.test(value)
          ? `'${value}'`
          : `a string of ${value.length} characters`
      expect(error.message).toContain(`${variable}: got ${got}; accepted: a whole number from 0 to `)
      expect(error.message.includes("'auto'")).toBe(/^(?:TTFB|IDLE)/.test(name))
      // An option wins, and then nobody asks.
      const option = { TTFB_TIMEOUT_MS: 'ttfbMs', IDLE_TIMEOUT_MS: 'idleMs', STALE_TIMEOUT_MS: 'staleMs' }[name]
      expect(() => settle(option === undefined ? { maxRetries: 1 } : { timeouts: { [option]: 5 } })).not.toThrow()
      vi.unstubAllEnvs()
    }
  })

  it('can say auto where an option can', () => {
    vi.stubEnv('RESILIENT_RESPONSES_TTFB_TIMEOUT_MS', 'auto')
    expect(settle().timeouts.ttfbMs).toBe('auto')
    vi.stubEnv('RESILIENT_RESPONSES_TTFB_TIMEOUT_MS', undefined)
    vi.stubEnv('RESILIENT_RESPONSES_STALE_TIMEOUT_MS', 'auto')
    expect(refusal(() => settle()).path).toBe('RESILIENT_RESPONSES_STALE_TIMEOUT_MS')
  })

  it('contradicts like an option, and is named', () => {
    vi.stubEnv('RESILIENT_RESPONSES_TTFB_TIMEOUT_MS', '30000')
    expect(refusal(() => settle({ timeouts: { staleMs: 20_000 } })).message).toContain(
      'env RESILIENT_RESPONSES_TTFB_TIMEOUT_MS',
    )
  })
})

describe('a view of a client', () => {
  it('inherits everything that it does not say otherwise', () => {
    const clock = new VirtualClock()
    const onEvent = (): void => {}
    const parent = settle({
      baseURL: 'https://api.test/v1',
      apiKey: 'k',
      headers: { a: 'b' },
      maxRetries: 1,
      retry: { baseDelayMs: 1, maxDelayMs: 2, maxHintMs: 3, budget: { capacity: 9 } },
      retryUnknown: true,
      timeouts: { connectMs: 1, sendMs: 2, ttfbMs: 3, idleMs: 4, progressMs: 5, staleMs: 6, totalMs: 7 },
      commit: 'first_event',
      commitAfterMs: 8,
      beforeCommitMs: 9,
      streamFailure: 'sse_error',
      limits: { eventBytes: 1, preludeBytes: 2, headerBytes: 3 },
      onEvent,
      clock,
      random: () => 0,
    })
    expect(settle({}, parent)).toEqual(parent)
    const view = settle(
      { maxRetries: 0, timeouts: { idleMs: 'auto' }, retry: { maxHintMs: 0 }, limits: { eventBytes: 0 } },
      parent,
    )
    expect(view).toEqual({
      ...parent,
      policy: { ...parent.policy, maxRetries: 0, maxHintMs: 0 },
      timeouts: { ...parent.timeouts, idleMs: 'auto' },
      limits: { ...parent.limits, eventBytes: 0 },
    })
  })

  it('is judged by what it says itself, beside what it inherits', () => {
    const parent = settle({
      timeouts: { idleMs: 60_000, totalMs: 90_000 },
      beforeCommitMs: 50_000,
      retry: { maxDelayMs: 100 },
    })
    // What is inherited cannot fire below the new limit, and was not asked for here.
    expect(settle({ timeouts: { staleMs: 20_000 } }, parent).timeouts.idleMs).toEqual({ ms: 60_000, source: 'option' })
    expect(refusal(() => settle({ timeouts: { idleMs: 95_000 } }, parent)).message).toContain('timeouts.totalMs (90000')
    expect(refusal(() => settle({ commitAfterMs: 60_000 }, parent)).message).toContain(
      '50000, the default or inherited',
    )
    expect(refusal(() => settle({ retry: { baseDelayMs: 101 } }, parent)).path).toBe('retry.baseDelayMs')
    expect(settle({ retry: { maxDelayMs: 5 } }, parent).policy).toMatchObject({ maxDelayMs: 5 })
  })

  it.each([
    [{ limits: { headerBytes: 5 } }, 'limits.headerBytes', 'connections'],
    [{ retry: { budget: false } }, 'retry.budget', 'budget'],
  ] as const)('refuses what it shares with its client: %j', (options, path, shared) => {
    const error = refusal(() => settle(options, settle()))
    expect(error.path).toBe(path)
    expect(error.message).toContain(`'${path}' cannot be changed in a view, which shares the ${shared} of its client`)
  })

  it('does not read the environment again', () => {
    const parent = settle()
    vi.stubEnv('RESILIENT_RESPONSES_MAX_RETRIES', 'nonsense')
    vi.stubEnv('RESILIENT_RESPONSES_STALE_TIMEOUT_MS', '5')
    expect(settle({}, parent).policy.maxRetries).toBe(4)
    expect(settle({}, parent).timeouts.staleMs).toEqual({ ms: 1_800_000, source: 'default' })
  })

  it('makes an inherited cutoff give way to its own shorter deadlines, and an own one contradict them', () => {
    const parent = settle({ timeouts: { ttfbMs: 45_000 } })
    expect(settle({ timeouts: { staleMs: 20_000 } }, parent).timeouts.ttfbMs).toEqual({
      ms: 18_000,
      source: 'option, kept below staleMs',
    })
    expect(settle({ timeouts: { totalMs: 10_000 } }, parent).timeouts.ttfbMs).toEqual({
      ms: 9_000,
      source: 'option, kept below totalMs',
    })
    expect(settle({ timeouts: { staleMs: 20_000, totalMs: 10_000 } }, parent).timeouts.ttfbMs).toMatchObject({
      ms: 9_000,
    })
    expect(settle({ timeouts: { staleMs: 60_000 } }, parent).timeouts.ttfbMs).toEqual({ ms: 45_000, source: 'option' })
    expect(settle({ timeouts: { staleMs: 0 } }, parent).timeouts.ttfbMs).toEqual({ ms: 45_000, source: 'option' })
    expect(settle({ timeouts: { staleMs: 20_000 } }, settle()).timeouts.ttfbMs).toBe('auto')
    const short = settle({ timeouts: { staleMs: 20_000 } })
    expect(refusal(() => settle({ timeouts: { ttfbMs: 30_000 } }, short)).path).toBe('timeouts.ttfbMs')
    expect(refusal(() => settle({ timeouts: { ttfbMs: 20, staleMs: 10 } }, parent)).path).toBe('timeouts.ttfbMs')
  })
})
