import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/core/clock.ts'
import { ConfigurationError } from '../../../src/errors/errors.ts'
import { settingsOf } from '../../../src/transport/undici/options.ts'
import { undiciTransport } from '../../../src/transport/undici/undici-transport.ts'
import { RawServer } from '../../support/raw-server.ts'
import { fetched } from '../../support/recorder.ts'
import { invalid } from '../../support/typed.ts'

describe('options of the undici transport', () => {
  it.each([
    { isolation: 'shared' },
    { keepAliveMs: -1 },
    { keepAliveMs: Number.NaN },
    { keepAliveMs: '30s' },
    { warm: -1 },
    { warm: 1.5 },
    { warmMs: Infinity },
    { maxConnections: 0 },
    { maxConnections: 2.5 },
    { maxHeaderBytes: -1 },
    { proxy: 'ftp://proxy.test' },
    { tls: { ca: 'nonsense' } },
  ])('%j is refused by name, before any I/O', (wrong) => {
    const [name = ''] = Object.keys(wrong)
    expect(() => undiciTransport(invalid(wrong))).toThrow(ConfigurationError)
    expect(() => undiciTransport(invalid(wrong))).toThrow(name)
  })

  it.each([
    [{ isolation: 'fresh', keepAliveMs: 5 }, 'keepAliveMs'],
    [{ tls: { passphrase: 'p' } }, 'tls.passphrase'],
    [{ tls: { cert: 'c' } }, 'tls'],
  ] as const)('%j has no effect, and is refused as %s', (useless, path) => {
    expect(() => settingsOf(useless)).toThrow(expect.objectContaining({ path }))
  })

  it.each([
    { isolation: 'fresh', keepAliveMs: 0 },
    { isolation: 'leased', keepAliveMs: 5 },
    { tls: { cert: 'c', key: 'k', passphrase: 'p' } },
  ] as const)('%j is accepted', (options) => {
    expect(() => settingsOf(options)).not.toThrow()
  })

  it('are never changed, and read only once', async () => {
    const server = await RawServer.answering((_request, connection) => connection.answer())
    const options = { isolation: 'fresh' as 'fresh' | 'leased', tls: Object.freeze({ minVersion: 'TLSv1.2' as const }) }
    const transport = undiciTransport(options)
    options.isolation = 'leased'
    await fetched(transport, server.url)
    await fetched(transport, server.url)
    expect(server.connections).toHaveLength(2)
    expect(options).toEqual({ isolation: 'leased', tls: { minVersion: 'TLSv1.2' } })
    await transport.close()
    await server.close()
  })
})

describe('settings of the undici transport', () => {
  const DEFAULTS = {
    isolated: false,
    keepAliveMs: 30_000,
    warm: 0,
    warmMs: 10_000,
    maxConnections: Infinity,
    maxHeaderBytes: 65_536,
    clock: systemClock,
  }

  it.each<[options: Parameters<typeof settingsOf>[0], settings: Partial<typeof DEFAULTS>]>([
    [{}, {}],
    [{ isolation: 'leased' }, {}],
    [{ isolation: 'fresh' }, { isolated: true }],
    // A connection that may not wait serves nobody else.
    [{ keepAliveMs: 0 }, { isolated: true, keepAliveMs: 0 }],
    [{ keepAliveMs: 0.5 }, { keepAliveMs: 0.5 }],
    [
      { warm: 3, warmMs: 1 },
      { warm: 3, warmMs: 1 },
    ],
    [{ maxConnections: 1 }, { maxConnections: 1 }],
    [{ maxHeaderBytes: 0 }, { maxHeaderBytes: 0 }],
  ])('of %j', (options, settings) => {
    expect(settingsOf(options)).toEqual({ ...DEFAULTS, ...settings })
  })

  it.each([
    [{ isolation: 'no' }, 'isolation', "isolation: got 'no'; accepted: 'leased' or 'fresh'."],
    [
      { keepAliveMs: -1 },
      'keepAliveMs',
      'keepAliveMs: got -1; accepted: a number of milliseconds from 0 (off) to 2147483647.',
    ],
    [{ warmMs: 'x' }, 'warmMs', "warmMs: got 'x'; accepted: a number of milliseconds from 1 to 2147483647."],
    [{ warm: 0.5 }, 'warm', 'warm: got 0.5; accepted: a whole number from 0 to 1000.'],
    [{ maxConnections: 0 }, 'maxConnections', 'maxConnections: got 0; accepted: a whole number from 1 to 1000000.'],
    [
      { maxHeaderBytes: -1 },
      'maxHeaderBytes',
      'maxHeaderBytes: got -1; accepted: a whole number of bytes, 0 for no bound.',
    ],
    [
      { isolaton: 'fresh' },
      'isolaton',
      "Unknown option 'isolaton' of undiciTransport(); accepted are isolation, keepAliveMs, warm, warmMs, maxConnections, proxy, tls, maxHeaderBytes, clock.",
    ],
  ])('of %j are refused, with what is accepted', (options, path, message) => {
    let refused: unknown
    try {
      settingsOf(invalid(options))
    } catch (error) {
      refused = error
    }
    expect(refused).toMatchObject({ name: 'ConfigurationError', path, message })
  })
})
