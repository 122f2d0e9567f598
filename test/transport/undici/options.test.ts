import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/errors/errors.ts'
import { undiciTransport } from '../../../src/transport/undici/undici-transport.ts'
import { RawServer } from '../../support/raw-server.ts'
import { fetched } from '../../support/recorder.ts'

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
    expect(() => undiciTransport(wrong as never)).toThrow(ConfigurationError)
    expect(() => undiciTransport(wrong as never)).toThrow(name)
  })

  it('are never written to, nor looked at again', async () => {
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
