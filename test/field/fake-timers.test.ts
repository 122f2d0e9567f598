import { mock } from 'node:test'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { ResilientClient } from '../../src/index.ts'
import { FakeTransport, fake, textStream } from '../../src/testing/index.ts'
import { turns } from '../support/until.ts'

afterEach(() => {
  mock.timers.reset()
  vi.useRealTimers()
})

/** Fake timers as test frameworks have them: what they take over, and how they are moved. */
const FAKES: ReadonlyArray<readonly [string, () => void, (ms: number) => void]> = [
  ['node:test, setTimeout alone', () => mock.timers.enable({ apis: ['setTimeout'] }), (ms) => mock.timers.tick(ms)],
  [
    'node:test, all of them',
    () => mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'] }),
    (ms) => mock.timers.tick(ms),
  ],
  [
    'another framework, without performance',
    () => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }),
    (ms) => void vi.advanceTimersByTime(ms),
  ],
  [
    'another framework, with performance',
    () => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] }),
    (ms) => void vi.advanceTimersByTime(ms),
  ],
]

describe.each(FAKES)('fake timers of %s drive a client', (_framework, install, tick) => {
  it('through its deadlines and its waits', async () => {
    install()
    const transport = new FakeTransport([fake.stall(), fake.status(503), fake.respond(textStream({ text: 'hi' }))])
    const client = new ResilientClient({ transport, hedge: false, timeouts: { ttfbMs: 45_000 } })
    let text: string | undefined
    const began = systemClock.now()
    const called = client.responses.create({ model: 'm', input: 'x' }).then(({ output_text }) => {
      text = output_text
    })
    let ticked = 0
    for (; text === undefined && ticked < 100; ticked++) {
      if (ticked < 45) expect(transport.requests.length).toBeLessThan(2)
      tick(1000)
      await turns()
    }
    await called
    expect([text, transport.requests.length]).toEqual(['hi', 3])
    expect(systemClock.now() - began).toBeGreaterThanOrEqual(45_000)
    await client.close()
  })

  it('and time never moves back when they are removed', async () => {
    const before = systemClock.now()
    install()
    let fired = false
    const started = systemClock.now()
    expect(started).toBeGreaterThanOrEqual(Math.min(before, started))
    systemClock.setTimer(() => (fired = true), 60_000)
    tick(60_000)
    expect(fired).toBe(true)
    const faked = systemClock.now()
    expect(faked - started).toBeGreaterThanOrEqual(60_000)
    if (_framework.includes('with performance')) return
    mock.timers.reset()
    vi.useRealTimers()
    expect(systemClock.now()).toBeGreaterThanOrEqual(faked)
  })
})
