import { describe, expect, it } from 'vitest'
import { blackHole } from '../../support/black-hole.ts'
import { clientSockets, noClientSocketsLeft } from '../../support/proc-net.ts'
import { RawServer } from '../../support/raw-server.ts'
import { send } from '../../support/recorder.ts'
import { turns, until } from '../../support/until.ts'
import { setup } from './setup.ts'

describe('a connection that cannot be made', () => {
  it('without a listener reports `connecting`, then the error of the system; the next exchange has a new generation', async () => {
    const server = await RawServer.start()
    await server.close()
    await using rig = await setup()
    for (const generation of [1, 2]) {
      const told: number[] = []
      const unsubscribe = rig.transport.observe?.((event) => told.push(event.generation))
      const { recorder } = send(rig.transport, server.url)
      await recorder.settled()
      recorder.assertOrderly()
      expect(recorder.reports).toEqual(['connecting', 'error'])
      expect(recorder.failure?.code).toBe('ECONNREFUSED')
      expect(new Set(told)).toEqual(new Set([generation]))
      unsubscribe?.()
    }
    expect(rig.transport.stats()).toEqual({ connections: 0, idleConnections: 0, leases: 0, clients: 0 })
  })

  it('refused by both addresses is a refusal, too', async () => {
    const server = await RawServer.start()
    await server.close()
    await using rig = await setup()
    const { recorder } = send(rig.transport, `http://localhost:${server.port}`)
    await recorder.settled()
    expect(recorder.failure?.code).toBe('ECONNREFUSED')
  })

  it('for a request that cannot be written gives an error and poisons no client', async () => {
    await using rig = await setup()
    const { recorder } = send(rig.transport, rig.url, { headers: [['x', 'a\r\nb: c']] })
    await recorder.settled()
    expect(recorder.reports).toEqual(['error'])
    expect(recorder.failure?.code).toBe('UND_ERR_INVALID_ARG')
    expect(rig.transport.stats()).toMatchObject({ connections: 0, leases: 0, clients: 1 })
  })
})

describe('a connect black hole (fault 4)', () => {
  it('stays `connecting`; destroy() leaves no socket', async () => {
    await using hole = await blackHole()
    await using rig = await setup()
    const sent = [send(rig.transport, hole.url), send(rig.transport, hole.url)]
    await until(() => (clientSockets(hole.port).SYN_SENT ?? 0) >= 2, 'the SYNs are on their way')
    for (const { recorder } of sent) expect(recorder.reports).toEqual(['connecting'])
    expect(rig.transport.stats()).toMatchObject({ connections: 2, leases: 2 })
    for (const one of sent) one.destroy()
    await until(() => clientSockets(hole.port).SYN_SENT === undefined, 'no SYN is sent any more')
    expect(rig.transport.stats()).toMatchObject({ connections: 0, leases: 0 })
  })

  it('destroy() of the transport leaves no socket either', async () => {
    await using hole = await blackHole()
    await using rig = await setup()
    const { recorder } = send(rig.transport, hole.url)
    await until(() => (clientSockets(hole.port).SYN_SENT ?? 0) >= 1, 'the SYN is on its way')
    await rig.transport.destroy()
    expect(recorder.reports).toEqual(['connecting', 'error'])
    await until(() => clientSockets(hole.port).SYN_SENT === undefined, 'no SYN is sent any more')
  })

  it('does not delay another origin (fault 73)', async () => {
    await using hole = await blackHole()
    await using rig = await setup(
      {},
      { onConnection: (connection) => connection.request().then(() => connection.answer()) },
    )
    for (let i = 0; i < 50; i++) send(rig.transport, hole.url)
    const { recorder } = send(rig.transport, rig.url)
    await recorder.ended()
  })
})

describe('an exchange destroyed while it connects', () => {
  it('leaves no socket, at any turn of the event loop', async () => {
    await using rig = await setup()
    for (let n = 0; n < 40; n++) {
      const sent = send(rig.transport, rig.url)
      await turns(n % 8)
      sent.destroy()
    }
    await noClientSocketsLeft(rig.server.port)
    expect(rig.transport.stats()).toMatchObject({ connections: 0, leases: 0 })
  })
})
