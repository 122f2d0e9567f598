import { describe, expect, it } from 'vitest'
import { Gate } from '../../../src/core/gate.ts'
import { seededRandom } from '../../../src/testing/index.ts'
import { clientSockets } from '../../support/proc-net.ts'
import { RawServer } from '../../support/raw-server.ts'
import { type Sent, send } from '../../support/recorder.ts'
import { turns, within } from '../../support/until.ts'
import { around, setup } from './setup.ts'

describe('maxConnections', () => {
  it('makes later attempts wait, in order', async () => {
    await using rig = await setup({ maxConnections: 2 })
    const sent = Array.from({ length: 6 }, (_, n) => send(rig.transport, `${rig.url}/${n}`))
    const order: string[] = []
    const serve = async (n: number): Promise<void> => {
      const connection = await rig.server.connection(n)
      for (;;) {
        order.push((await connection.request()).path)
        connection.answer()
      }
    }
    void serve(1).catch(() => {})
    void serve(2).catch(() => {})
    for (const { recorder } of sent) await recorder.ended()
    expect(order).toEqual(['/0', '/1', '/2', '/3', '/4', '/5'])
    expect(rig.server.connections).toHaveLength(2)
  })

  it('reports nothing to a waiting attempt, which may give up at any time', async () => {
    await using rig = await setup({ maxConnections: 1 })
    const first = send(rig.transport, `${rig.url}/first`)
    const connection = await rig.server.connection()
    await connection.request()
    const waiting = [
      send(rig.transport, `${rig.url}/1`),
      send(rig.transport, `${rig.url}/2`),
      send(rig.transport, `${rig.url}/3`),
    ]
    await turns(5)
    for (const { recorder } of waiting) expect(recorder.reports).toEqual([])
    expect(rig.transport.stats()).toMatchObject({ connections: 1, leases: 1 })
    waiting[0]?.destroy()
    waiting[1]?.drain()
    connection.answer()
    await first.recorder.ended()
    expect((await connection.request()).path).toBe('/3')
    connection.answer()
    await waiting[2]?.recorder.ended()
  })

  it('gives the place of an attempt that failed or gave up to the next', async () => {
    await using rig = await setup({ maxConnections: 1 })
    const failing = send(rig.transport, `${rig.url}/failing`)
    const givingUp = send(rig.transport, `${rig.url}/giving-up`)
    const last = send(rig.transport, `${rig.url}/last`)
    ;(await rig.server.connection(1)).reset()
    await failing.recorder.settled()
    await (await rig.server.connection(2)).request()
    givingUp.destroy()
    const connection = await rig.server.connection(3)
    expect((await connection.request()).path).toBe('/last')
    connection.answer()
    await last.recorder.ended()
  })

  it('applies to each origin separately', async () => {
    await using other = await RawServer.answering((_request, connection) => connection.answer())
    await using rig = await setup({ maxConnections: 1 })
    send(rig.transport, rig.url)
    const { recorder } = send(rig.transport, other.url)
    await recorder.ended()
  })

  it('counts idle connections: an unusable one makes room', async () => {
    const server = await RawServer.answering((_request, connection) => connection.answer())
    await using rig = around(server, { maxConnections: 2 })
    for (let i = 0; i < 2; i++) send(rig.transport, rig.url)
    await server.connection(2)
    await turns(10)
    expect(rig.transport.stats().idleConnections).toBe(2)
    const { recorder } = send(rig.transport, rig.url, { connection: 'fresh' })
    await recorder.ended()
    await turns()
    // One made room, the other is still there.
    expect(rig.transport.stats()).toMatchObject({ connections: 2, idleConnections: 2 })
  })

  it('limits the sockets over all generations, warm ones included', async () => {
    const random = seededRandom(7)
    const limit = 4
    let most = 0
    const server = await RawServer.answering((_request, connection) => {
      most = Math.max(
        most,
        Object.values(clientSockets(server.port)).reduce((sum, n) => sum + n, 0),
      )
      if (random() < 0.2) connection.reset()
      else if (random() < 0.8) connection.answer()
    })
    for (const options of [{}, { isolation: 'fresh', warm: 2 }] as const) {
      await using rig = around(server, { maxConnections: limit, ...options })
      const sent: Sent[] = []
      for (let n = 0; n < 120; n++) {
        const one = send(rig.transport, rig.url, { connection: random() < 0.5 ? 'any' : 'fresh' })
        sent.push(one)
        if (random() < 0.3) one.recorder.once('connected', () => one.exchange.poison('a test'))
        if (random() < 0.5) await turns(1)
        for (const other of sent) if (random() < 0.05) other.destroy()
      }
      await turns(20)
      for (const one of sent) one.destroy()
      await rig.transport.close()
      expect(most).toBeGreaterThan(1)
      expect(most).toBeLessThanOrEqual(limit)
      // The server outlives the first round.
      server[Symbol.asyncDispose] = async () => {}
    }
    await server.close()
  })

  it('close() waits for waiting attempts, and destroy() fails them', async () => {
    await using rig = await setup({ maxConnections: 1 })
    const first = send(rig.transport, rig.url)
    const second = send(rig.transport, rig.url)
    await rig.server.connection()
    await turns()
    await within(rig.transport.destroy(), 'destroy()')
    expect([first, second].map(({ recorder }) => recorder.reports.at(-1))).toEqual(['error', 'error'])
  })
})

describe('the gate', () => {
  it('admits at once while there is room, and the next in order when one leaves', () => {
    const gate = new Gate(2)
    const entered: number[] = []
    const giveUp = [1, 2, 3, 4, 5].map((n) => gate.enter(() => entered.push(n)))
    expect(entered).toEqual([1, 2])
    giveUp[2]?.()
    gate.leave()
    expect(entered).toEqual([1, 2, 4])
    gate.leave()
    expect(entered).toEqual([1, 2, 4, 5])
    gate.leave()
    expect(gate.isIdle).toBe(false)
    gate.leave()
    expect(gate.isIdle).toBe(true)
  })

  it('ignores one that gives up after it was admitted', () => {
    const gate = new Gate(1)
    const giveUp = gate.enter(() => {})
    giveUp()
    let entered = false
    gate.enter(() => {
      entered = true
    })
    expect(entered).toBe(false)
    gate.leave()
    expect(entered).toBe(true)
  })
})
