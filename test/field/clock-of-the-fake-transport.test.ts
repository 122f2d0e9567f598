import { describe, expect, it } from 'vitest'
import { ConfigurationError, ResilientClient } from '../../src/index.ts'
import { FakeTransport, fake, textStream, VirtualClock } from '../../src/testing/index.ts'
import { ASKED } from './support/play.ts'

const slow = () => [fake.delay(20_000), fake.respond(textStream({ text: 'hi' }))]

describe('a clock that is given to `FakeTransport` alone', () => {
  it('is the clock of the client, too: back-off and deadlines run on it', async () => {
    const clock = new VirtualClock()
    const transport = new FakeTransport([fake.stall(), fake.status(503), slow()], { clock })
    const client = new ResilientClient({ transport, timeouts: { ttfbMs: 30_000 } })
    const answer = client.responses.create(ASKED)
    await clock.advance(120_000)
    expect((await answer).output_text).toBe('hi')
    expect(clock.now()).toBe(120_000)
    await client.close()
    transport.assertConsumed()
    clock.assertNothingPending()
  })

  it('is the clock of its views', async () => {
    const clock = new VirtualClock()
    const transport = new FakeTransport([slow()], { clock })
    const view = new ResilientClient({ transport }).withOptions({ maxRetries: 0 })
    const answer = view.responses.create(ASKED)
    await clock.advance(30_000)
    expect((await answer).output_text).toBe('hi')
  })

  it('may carry a label in the client, and the client may have none in the transport', () => {
    const clock = new VirtualClock()
    for (const [ours, its] of [
      [clock.labelled('client'), clock],
      [clock, clock.labelled('network')],
      [clock.labelled('client'), clock.labelled('network')],
    ] as const) {
      expect(() => new ResilientClient({ clock: ours, transport: new FakeTransport([], { clock: its }) })).not.toThrow()
    }
  })

  it.each([
    ['another virtual clock', () => new FakeTransport([], { clock: new VirtualClock() })],
    ['the clock of the system', () => new FakeTransport([])],
  ])('beside another one in the client is refused: %s', (_what, transport) => {
    const make = () => new ResilientClient({ clock: new VirtualClock(), transport: transport() })
    expect(make).toThrow(ConfigurationError)
    expect(make).toThrow(/^clock: the transport \(fake\) uses another clock than the client/)
  })
})
