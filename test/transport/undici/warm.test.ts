import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../src/testing/index.ts'
import { testCertificate } from '../../support/certificates.ts'
import { clientSockets } from '../../support/proc-net.ts'
import { RawServer } from '../../support/raw-server.ts'
import { fetched, posting, send } from '../../support/recorder.ts'
import { turns, until } from '../../support/until.ts'
import { around, type Setup } from './setup.ts'

const { key, cert } = testCertificate({ hosts: ['127.0.0.1'] })

async function warmed(
  kind: 'plain' | 'TLS',
  warm: number,
): Promise<Setup & { readonly clock: VirtualClock; readonly server: RawServer }> {
  const clock = new VirtualClock()
  const server = await RawServer.answering(
    ({ path }, connection) => connection.answer(path),
    kind === 'TLS' ? { tls: { key, cert } } : {},
  )
  const rig = around(server, { isolation: 'fresh', warm, warmMs: 10_000, clock, tls: { ca: cert } })
  return { ...rig, clock, [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose]() }
}

describe.each(['plain', 'TLS'] as const)('never-used connections, opened ahead (%s)', (kind) => {
  it('are topped up at each use, and handed over without connecting anew', async () => {
    await using rig = await warmed(kind, 2)
    const first = await fetched(rig.transport, `${rig.url}/1`)
    expect(first.steps.slice(0, 2)).toEqual(['connecting', 'connected'])
    await rig.server.connection(3)
    await until(() => rig.transport.stats().connections === 2, 'the used connection is closed')
    for (let n = 4; n < 8; n++) {
      // The connections opened ahead are open by now.
      await rig.server.connection(n - 1)
      await turns(5)
      const next = await fetched(rig.transport, `${rig.url}/${n}`, posting('hi'))
      expect(next.text).toBe(`/${n}`)
      expect(next.has('connecting')).toBe(false)
      expect(next.info?.reused).toBe(false)
      await rig.server.connection(n)
    }
    await until(() => rig.transport.stats().connections === 2, 'only those opened ahead are left')
    expect(rig.transport.stats().idleConnections).toBe(2)
    // One that carried two requests would have been there twice.
    expect(rig.server.connections).toHaveLength(7)
  })

  it('expire after warmMs, and are not replaced until one is needed', async () => {
    await using rig = await warmed(kind, 3)
    await fetched(rig.transport, rig.url)
    await rig.server.connection(4)
    await rig.clock.advance(9_999)
    expect(rig.transport.stats().idleConnections).toBe(3)
    await rig.clock.advance(1)
    expect(rig.transport.stats().idleConnections).toBe(0)
    await until(() => rig.server.open.length === 0, 'every connection is closed')
    expect(rig.server.connections).toHaveLength(4)
  })

  it('that the peer ends are closed at once, without CLOSE_WAIT, and serve no exchange', async () => {
    await using rig = await warmed(kind, 2)
    await fetched(rig.transport, rig.url)
    const ahead = [await rig.server.connection(2), await rig.server.connection(3)]
    await turns(10)
    ahead[0]?.end()
    ahead[1]?.reset()
    await until(() => rig.transport.stats().idleConnections === 0, 'both are forgotten')
    await until(() => Object.keys(clientSockets(rig.server.port)).length === 0, 'both are closed')
    const next = await fetched(rig.transport, rig.url)
    expect(next.has('connecting')).toBe(true)
  })

  it('go with their generation when it is poisoned', async () => {
    await using rig = await warmed(kind, 2)
    const { recorder, exchange } = send(rig.transport, rig.url)
    await recorder.ended()
    await rig.server.connection(3)
    exchange.poison('a test')
    expect(rig.transport.stats().idleConnections).toBe(0)
    await until(() => rig.server.open.length === 0, 'every connection is closed')
  })
})

describe('a connection that is still being opened ahead', () => {
  it('is handed over, and the exchange learns when it is open', async () => {
    await using rig = await warmed('TLS', 1)
    const first = send(rig.transport, `${rig.url}/1`)
    const second = send(rig.transport, `${rig.url}/2`)
    await Promise.all([first.recorder.ended(), second.recorder.ended()])
    expect(second.recorder.steps.slice(0, 2)).toEqual(['connecting', 'connected'])
    await rig.server.connection(3)
  })

  it('that fails is forgotten; the next exchange tries for itself', async () => {
    const clock = new VirtualClock()
    const gone = await RawServer.start()
    await gone.close()
    const rig = around(gone, { isolation: 'fresh', warm: 3, clock })
    for (let i = 0; i < 3; i++) {
      const { recorder } = send(rig.transport, gone.url)
      await recorder.settled()
      expect(recorder.failure?.code).toBe('ECONNREFUSED')
    }
    await until(() => rig.transport.stats().connections === 0, 'all are forgotten')
    await rig.transport.destroy()
    clock.assertNothingPending()
  })
})

it('close() and destroy() also end connections opened ahead, with their timers', async () => {
  for (const how of ['close', 'destroy'] as const) {
    const rig = await warmed('plain', 3)
    await fetched(rig.transport, rig.url)
    await rig.server.connection(4)
    await rig.transport[how]()
    rig.clock.assertNothingPending()
    await rig[Symbol.asyncDispose]()
  }
})
