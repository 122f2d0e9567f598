import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EndpointHealth, type EndpointReport } from '../../src/endpoints/endpoint-health.ts'
import { VirtualClock } from '../../src/testing/index.ts'

function health(...reports: EndpointReport[]) {
  const clock = new VirtualClock()
  const one = new EndpointHealth(clock)
  const tell = (report: EndpointReport, mayCool = true): number | undefined => {
    return one.report(one.begin(), report, mayCool)
  }
  const cooled = reports.map((report) => tell(report))
  return { clock, one, tell, cooled }
}

describe('the health of an endpoint', () => {
  it.each<[reports: EndpointReport[], cools: boolean]>([
    [[], false],
    [['failed', 'failed'], false],
    [['failed', 'failed', 'failed'], true],
    [['failed', 'failed', 'alive', 'failed', 'failed'], false],
    [['dead', 'failed', 'dead'], true],
  ])('after %j it cools down: %s', (reports, cools) => {
    const { one, cooled } = health(...reports)
    expect(cooled.some((ms) => ms !== undefined)).toBe(cools)
    expect(one.isReady('m')).toBe(!cools)
  })

  it('cools down if more than half of its attempts are dead, even with live ones between', () => {
    const reports: EndpointReport[] = Array.from({ length: 60 }, (_, n) => (n % 3 === 2 ? 'alive' : 'dead'))
    expect(health(...reports).cooled.some((ms) => ms !== undefined)).toBe(true)
    const half: EndpointReport[] = Array.from({ length: 60 }, (_, n) => (n % 3 === 2 ? 'dead' : 'alive'))
    expect(health(...half).cooled.every((ms) => ms === undefined)).toBe(true)
  })

  it('cools down for 5 s, and twice as long after each failed probe, up to 60 s; a live probe ends it', async () => {
    const { clock, one, tell, cooled } = health('failed', 'failed', 'failed')
    const times = [cooled.at(-1)]
    for (let n = 0; n < 5; n++) {
      await clock.advance((times.at(-1) as number) - 1)
      expect(one.isReady('m')).toBe(false)
      await clock.advance(1)
      expect(one.isReady('m')).toBe(true)
      times.push(tell('failed'))
    }
    expect(times).toEqual([5000, 10_000, 20_000, 40_000, 60_000, 60_000])
    await clock.advance(60_000)
    expect(tell('alive')).toBeUndefined()
    expect(one.isReady('m')).toBe(true)
    expect([tell('failed'), tell('failed'), tell('failed')]).toEqual([undefined, undefined, 5000])
  })

  it('lets one attempt probe it, and others wait for its outcome', async () => {
    const { clock, one } = health('failed', 'failed', 'failed')
    await clock.advance(5000)
    const probe = one.begin()
    expect(one.isReady('m')).toBe(false)
    one.endedWithoutWord(probe)
    expect(one.isReady('m')).toBe(true)
  })

  it('ignores failures of attempts that were running when its cool-down began', () => {
    const { one, tell } = health('failed', 'failed', 'failed')
    const until = one.readyAt('m')
    tell('failed')
    tell('failed')
    expect(one.readyAt('m')).toBe(until)
  })

  it('ignores a late failure of an earlier attempt, which is not the probe’s', async () => {
    const clock = new VirtualClock()
    const one = new EndpointHealth(clock)
    const early = Array.from({ length: 6 }, () => one.begin())
    for (const trial of early.slice(0, 3)) one.report(trial, 'failed', true)
    await clock.advance(5000)
    const probe = one.begin()
    expect(one.report(early[3] as (typeof early)[0], 'failed', true)).toBeUndefined()
    expect(one.isReady('m')).toBe(false)
    expect(one.report(probe, 'alive', true)).toBeUndefined()
    for (const trial of early.slice(4)) expect(one.report(trial, 'failed', true)).toBeUndefined()
    expect(one.isReady('m')).toBe(true)
  })

  it('counts failures as a row only if no answer came between them, also one to an early attempt', async () => {
    const clock = new VirtualClock()
    const one = new EndpointHealth(clock)
    const early = one.begin()
    for (let n = 0; n < 3; n++) one.report(one.begin(), 'failed', true)
    await clock.advance(5000)
    one.report(one.begin(), 'alive', true)
    for (let n = 0; n < 2; n++) expect(one.report(one.begin(), 'failed', true)).toBeUndefined()
    expect(one.report(early, 'alive', true)).toBeUndefined()
    for (let n = 0; n < 2; n++) expect(one.report(one.begin(), 'failed', true)).toBeUndefined()
    expect(one.report(one.begin(), 'failed', true)).toBe(5000)
  })

  it('gets calls again as soon as its probe has output', async () => {
    const { clock, one } = health('failed', 'failed', 'failed')
    await clock.advance(5000)
    const probe = one.begin()
    one.sawLife(probe)
    expect(one.isReady('m')).toBe(true)
    expect(one.report(probe, 'failed', true)).toBeUndefined()
    expect(one.isReady('m')).toBe(true)
  })

  it('is decided by the probe alone after a cool-down, in any order of ends', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom<EndpointReport>('alive', 'failed', 'dead'), { maxLength: 8 }),
        fc.boolean(),
        async (late, lives) => {
          const clock = new VirtualClock()
          const one = new EndpointHealth(clock)
          const early = late.map(() => one.begin())
          for (let n = 0; n < 3; n++) one.report(one.begin(), 'failed', true)
          await clock.advance(5000)
          const probe = one.begin()
          for (const [n, report] of late.entries()) one.report(early[n] as typeof probe, report, true)
          expect(one.isReady('m')).toBe(false)
          one.report(probe, lives ? 'alive' : 'failed', true)
          expect(one.isReady('m')).toBe(lives)
        },
      ),
    )
  })

  it('does not cool down if it is the last ready one', () => {
    const { one, tell } = health('failed', 'failed')
    expect(tell('failed', false)).toBeUndefined()
    expect(one.isReady('m')).toBe(true)
  })

  it('applies a hint to one model, for at most a minute', async () => {
    const { clock, one } = health()
    one.hint('m', 3_600_000)
    expect([one.isReady('m'), one.isReady('other')]).toEqual([false, true])
    await clock.advance(60_000)
    expect(one.isReady('m')).toBe(true)
  })
})
