import { describe, expect, it } from 'vitest'
import { answers, rig } from './support/rig.ts'

const together = { concurrency: { calls: 10 } }

describe('concurrency.calls of a fleet', () => {
  it('limits the calls of all processes together, gives each a fair part, and wastes little', async () => {
    const r = rig(5, answers(1000), together)
    const all = Promise.all(r.processes.map((_, index) => r.calls(index, 20)))
    await r.clock.advance(6000)
    for (const index of r.processes.keys()) expect(r.sentBy(index).length).toBeGreaterThanOrEqual(6)
    await r.clock.advance(20_000)
    const ended = (await all).flat()
    expect(ended.every((one) => typeof one === 'number')).toBe(true)
    expect(r.flight.most).toBe(10)
    // 100 calls of a second, ten at a time.
    expect(Math.max(...(ended as number[]))).toBeLessThan(12_500)
    await r.end()
  })

  it('lets one process alone have all of it', async () => {
    const r = rig(1, answers(1000), together)
    const all = r.calls(0, 40)
    await r.clock.advance(10_000)
    expect(Math.max(...((await all) as number[]))).toBeLessThan(5500)
    expect(r.flight.most).toBe(10)
    await r.end()
  })

  it('gives fewer places than processes to each in its turn', async () => {
    const r = rig(5, answers(500), { concurrency: { calls: 2 } })
    const all = Promise.all(r.processes.map((_, index) => r.calls(index, 8)))
    await r.clock.advance(60_000)
    expect((await all).flat().every((one) => typeof one === 'number')).toBe(true)
    expect(r.flight.most).toBe(2)
    const first = r.processes.map((_, index) => r.sentBy(index)[0] as number)
    expect(Math.max(...first)).toBeLessThan(12_000)
    await r.end()
  })

  it('moves what one does not use to who needs it, within 2 s', async () => {
    const r = rig(2, answers(500), together)
    const first = r.calls(0, 200)
    await r.clock.advance(3000)
    const second = r.calls(1, 100)
    await r.clock.advance(2000)
    const from = r.clock.now()
    await r.clock.advance(1000)
    const rate = (index: number): number => r.sentBy(index).filter((at) => at >= from).length
    expect(rate(1)).toBeGreaterThanOrEqual(8)
    expect(rate(0)).toBeGreaterThanOrEqual(8)
    await r.clock.advance(60_000)
    await Promise.all([first, second])
    expect(r.flight.most).toBe(10)
    await r.end()
  })

  it('frees what a killed process had, 15 s after its last report', async () => {
    const r = rig(2, answers(500), together)
    const first = r.calls(0, 1000)
    void r.calls(1, 1000)
    await r.clock.advance(3000)
    r.at(1).path.isCut = true
    await r.destroy(1)
    await r.clock.advance(12_000)
    const rate = async (): Promise<number> => {
      const from = r.clock.now()
      await r.clock.advance(1000)
      return r.sentBy(0).filter((at) => at > from).length
    }
    expect(await rate()).toBe(10)
    await r.clock.advance(5000)
    expect(await rate()).toBe(20)
    await r.destroy(0)
    await first
  })

  it('without the store each process continues with what it had, and at least an equal share; the limit holds again after that', async () => {
    const r = rig(5, answers(1000), together)
    const all = Promise.all(r.processes.map((_, index) => r.calls(index, 100)))
    await r.clock.advance(5000)
    r.server.failure = 'ERR the server is gone'
    await r.clock.advance(10_000)
    expect(r.flight.most).toBe(10)
    expect(r.flight.now).toBe(10)
    r.server.failure = undefined
    await r.clock.advance(40_000)
    expect((await all).flat().every((one) => typeof one === 'number')).toBe(true)
    expect(r.flight.most).toBe(10)
    for (const { events } of r.processes)
      expect(events.filter(({ type }) => type === 'fleet_store')).toEqual([
        { type: 'fleet_store', state: 'lost', problem: 'ERR' },
        { type: 'fleet_store', state: 'back' },
      ])
    await r.end()
  })

  it('a process that has never reached the store begins when it is lost, within 300 ms: with callsAlone, else with all calls', async () => {
    for (const callsAlone of [undefined, 3]) {
      const r = rig(1, answers(1000), { concurrency: { calls: 10, callsAlone } })
      r.at(0).path.isCut = true
      const all = r.calls(0, 10)
      await r.clock.advance(300)
      expect(r.flight.now).toBe(callsAlone ?? 10)
      await r.clock.advance(10_000)
      await all
      await r.end()
    }
  })

  it('stays kept when the store has lost everything, or its clock has jumped by an hour', async () => {
    for (const harm of ['flush', 'ahead', 'back'] as const) {
      const r = rig(5, answers(1000), together)
      const all = Promise.all(r.processes.map((_, index) => r.calls(index, 40)))
      await r.clock.advance(5300)
      if (harm === 'flush') r.server.flush()
      else r.server.skewMs += harm === 'ahead' ? 3_600_000 : -3_600_000
      await r.clock.advance(5000)
      // Right again: all of it is used, and no more.
      const from = r.clock.now()
      await r.clock.advance(4000)
      expect(r.sent.filter(({ at }) => at > from).length, harm).toBeGreaterThanOrEqual(36)
      await r.clock.advance(40_000)
      expect((await all).flat().every((one) => typeof one === 'number')).toBe(true)
      expect(r.flight.most, harm).toBe(10)
      await r.end()
    }
  })

  it('stays kept with answers that come late, are lost, or come after a newer report', async () => {
    const r = rig(5, answers(700), together)
    let n = 0
    for (const { path } of r.processes) {
      path.delayMs = () => (n++ % 7) * 4
      path.isLost = () => n++ % 23 === 0
    }
    const all = Promise.all(r.processes.map((_, index) => r.calls(index, 60)))
    await r.clock.advance(10_000)
    r.server.freeze()
    await r.clock.advance(8000)
    r.server.thaw()
    await r.clock.advance(60_000)
    expect((await all).flat().every((one) => typeof one === 'number')).toBe(true)
    expect(r.flight.most).toBe(10)
    await r.destroy()
  })

  it('gives everything back when it is closed, and when it had no call for ten seconds', async () => {
    const r = rig(2, answers(100), together)
    const calls = [r.calls(0, 3), r.calls(1, 3)]
    await r.clock.advance(2000)
    await Promise.all(calls)
    const members = (): number =>
      Math.max(
        0,
        Object.keys(r.server.hash(r.server.keys().find((key) => key.includes(':quotas:')) ?? '')).filter(
          (id) => id !== '#',
        ).length,
      )
    expect(members()).toBe(2)
    const closing = r.at(1).client.close()
    await r.clock.advance(10)
    await closing
    expect(members()).toBe(1)
    await r.clock.advance(12_000)
    expect(members()).toBe(0)
    expect(r.clock.pendingCount).toBe(0)
    const again = r.calls(0, 1)
    await r.clock.advance(200)
    await again
    await r.end()
  })

  it('asks the store at most twice a second and process, while all are short', async () => {
    const r = rig(5, answers(1000), together)
    const all = Promise.all(r.processes.map((_, index) => r.calls(index, 60)))
    await r.clock.advance(5000)
    const before = r.server.commands
    await r.clock.advance(10_000)
    expect((r.server.commands - before) / 10 / 5).toBeLessThanOrEqual(2.1)
    await r.destroy()
    await all
  })
})
