import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../src/testing/index.ts'
import { Liveness } from '../../../src/transport/websocket/liveness.ts'

function open({ pingMs = 20_000, idleMs = 300_000, maxAgeMs = 3_300_000 } = {}) {
  const clock = new VirtualClock()
  const told: string[] = []
  const liveness = new Liveness(
    { clock, pingMs, idleMs, maxAgeMs },
    {
      ping: () => void told.push(`ping ${clock.now()}`),
      onDead: (error) => void told.push(`dead ${clock.now()} ${(error as { code?: unknown }).code}`),
      onOver: () => void told.push(`over ${clock.now()}`),
    },
  )
  return { clock, told, liveness }
}

describe('an open socket', () => {
  it('is pinged after 20 s without a frame, and dead after 20 s without an answer', async () => {
    const { clock, told, liveness } = open()
    await clock.advance(60_000)
    expect(told).toEqual(['ping 20000', 'dead 40000 ERR_RESILIENT_PING_TIMEOUT'])
    liveness.stop()
    clock.assertNothingPending()
  })

  it('stays open while frames arrive, and is not pinged then', async () => {
    const { clock, told, liveness } = open()
    for (let i = 0; i < 20; i++) {
      await clock.advance(15_000)
      liveness.heard()
    }
    expect(told).toEqual([])
    expect(liveness.isAlive).toBe(true)
    liveness.stop()
    clock.assertNothingPending()
  })

  it('waits while reading is paused: no ping, no end, and the count starts again', async () => {
    const { clock, told, liveness } = open()
    await clock.advance(25_000)
    liveness.pause()
    clock.assertNothingPending()
    await clock.advance(600_000)
    liveness.resume()
    await clock.advance(19_999)
    expect(told).toEqual(['ping 20000'])
    liveness.stop()
  })

  it('ends after 300 s without a response, and at its maximum age once it is idle, not before', async () => {
    const idle = open({ pingMs: 0 })
    idle.liveness.idle()
    await idle.clock.advance(299_999)
    expect(idle.told).toEqual([])
    await idle.clock.advance(1)
    expect(idle.told).toEqual(['over 300000'])

    const aged = open({ pingMs: 0, maxAgeMs: 50_000 })
    await aged.clock.advance(60_000)
    expect([aged.told, aged.liveness.isAged]).toEqual([[], true])
    aged.liveness.idle()
    await aged.clock.advance(0)
    expect(aged.told).toEqual(['over 60000'])
  })

  it('arms no timer without pings while a response is under way', () => {
    const { clock } = open({ pingMs: 0 })
    clock.assertNothingPending()
  })

  it('counts as dead for the next response if a ping is overdue, whether the timer has fired or not', async () => {
    const { clock, liveness } = open()
    await clock.advance(20_000)
    expect(liveness.isAlive).toBe(true)
    liveness.pause()
    await clock.advance(20_000)
    expect(liveness.isAlive).toBe(false)
  })
})
