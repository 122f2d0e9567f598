import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { ResilientClient, type TelemetryEvent } from '../../src/index.ts'
import { FakeTransport, fake, seededRandom, textStream, toSSE, VirtualClock } from '../../src/testing/index.ts'
import { HurriedClock } from '../faults/support/hurried-clock.ts'
import { RawServer } from '../support/raw-server.ts'
import { pause, turns, until } from '../support/until.ts'
import { ASKED } from './support/play.ts'

const EVENTS = textStream({ text: 'hello' })
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'
const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
const PRELUDE = HEAD + chunk(toSSE(EVENTS.slice(0, 1)))
const WHOLE = HEAD + chunk(toSSE(EVENTS)) + chunk('')

/** A client and an endpoint that can go away; a connect to its address never meets a port that this machine dials from. */
async function world(clock: HurriedClock | undefined) {
  const state = { isBack: false, met: 0 }
  const server = await RawServer.answering(
    (_request, connection) => {
      state.met++
      if (state.isBack) connection.write(WHOLE)
      // Half of them wait for the first event, the others for the second.
      else if (state.met % 2 === 0) connection.write(PRELUDE)
    },
    { host: '127.0.0.2' },
  )
  const events: TelemetryEvent[] = []
  const client = new ResilientClient({
    baseURL: `${server.url}/v1`,
    apiKey: 'sk-field',
    ...(clock && { clock }),
    onEvent: (event) => events.push(event),
  })
  const call = async (number: number): Promise<string> => {
    if (number % 3 === 0) return (await client.responses.create(ASKED)).output_text
    if (number % 3 === 1) return (await client.responses.stream(ASKED).finalResponse()).output_text
    const response = await client.fetch(`${server.url}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...ASKED, stream: true }),
    })
    return (await response.text()) === toSSE(EVENTS) ? 'hello' : 'not whole'
  }
  const calls = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, n) => call(from + n).catch((error: unknown) => String(error)))
  return { server, client, calls, state, events }
}

/** Two thirds of the calls are under way when the endpoint goes away; the others begin while nothing listens. */
async function restart(count: number, clock: HurriedClock | undefined, away: (goneAt: number) => Promise<void>) {
  const { server, client, calls, state, events } = await world(clock)
  try {
    const underWay = Math.ceil((count * 2) / 3)
    const early = calls(0, underWay)
    await until(() => state.met === underWay, `${underWay} requests`)
    const goneAt = systemClock.now()
    await server.goAway()
    const late = calls(underWay, count)
    const refused = () => events.filter((event) => event.type === 'retry_decision').length
    await until(
      () => refused() >= count,
      () => `${refused()} of ${count} calls have met the closed port`,
    )
    await away(goneAt)
    state.isBack = true
    await server.comeBack()
    // Whatever waits for its next connect has done so by then; no other deadline is as short.
    await clock?.pass(5000)
    const texts = await Promise.all([...early, ...late])
    expect(texts.filter((text) => text !== 'hello')).toEqual([])
    const decisions = events.flatMap((event) => (event.type === 'retry_decision' ? [event.decision] : []))
    expect(decisions.filter(({ retry }) => !retry)).toEqual([])
    expect(Object.values(client.stats().retryBudgets)).toEqual([20])
    return decisions
  } finally {
    await client.destroy()
    await server.close()
    expect(client.stats()).toMatchObject({ activeCalls: 0, connections: 0, leases: 0 })
  }
}

describe('a restart of the endpoint under load', () => {
  it('of 300 ms in real time loses none of 50 calls', async () => {
    await restart(50, undefined, (goneAt) => pause(Math.max(0, 300 - (systemClock.now() - goneAt))))
  })

  it.each([300, 1000, 4000].flatMap((awayMs) => [10, 50, 200].map((count) => [awayMs, count] as const)))(
    'of %i ms loses none of %i calls, and uses nothing of the retry budget',
    async (awayMs, count) => {
      const clock = new HurriedClock()
      const decisions = await restart(count, clock, () => clock.pass(awayMs))
      // The cut, and at most four connects that are refused.
      expect(decisions.length).toBeLessThanOrEqual(5 * count)
    },
  )

  it.each([10, 50, 200].flatMap((count) => [0, 300, 1000, 4000, 4999].map((awayMs) => [awayMs, count] as const)))(
    'of %i ms loses none of %i calls, whatever their start and history, in virtual time',
    async (awayMs, count) => {
      for (let seed = 1; seed <= (count < 200 ? 3 : 1); seed++) {
        const clock = new VirtualClock()
        const dice = seededRandom(seed)
        const downAt = 10_000
        const connects: number[] = []
        const transport = new FakeTransport(
          ({ at, attempt }) => {
            if (at >= downAt && at < downAt + awayMs) {
              connects.push(at)
              return fake.connectError('ECONNREFUSED')
            }
            if (at >= downAt) return fake.respond(EVENTS)
            // Some have used up retries before; all others are cut in their prelude, or while they wait.
            if (attempt <= 2 && dice() < 0.3) return fake.status(503, { headers: { 'retry-after': '1' } })
            const untilCut = fake.delay(downAt - at)
            return dice() < 0.5 ? [untilCut, fake.reset()] : [fake.event(EVENTS[0] as object), untilCut, fake.reset()]
          },
          { clock },
        )
        const client = new ResilientClient({
          transport,
          clock,
          random: seededRandom(seed + 100),
          // For the 503s before: what follows takes nothing of it.
          retry: { budget: { capacity: 1000 } },
          baseURL: 'https://api.test/v1',
        })
        const texts = Array.from({ length: count }, async (_, n) => {
          // Two thirds begin before, the others while it is away.
          const startAt = n % 3 < 2 ? dice() * 2000 : downAt + dice() * awayMs
          await new Promise<void>((resolve) => clock.setTimer(resolve, startAt))
          return (await client.responses.create(ASKED)).output_text
        })
        const all = Promise.allSettled(texts)
        await clock.advance(downAt + awayMs + 10_000)
        for (const settled of await all) expect(settled).toEqual({ status: 'fulfilled', value: 'hello' })
        expect(connects.length).toBeLessThanOrEqual(5 * count)
        await client.destroy()
        await turns(1)
      }
    },
  )

  it('spreads the new connections of the calls over time', async () => {
    const clock = new VirtualClock()
    const connects: number[] = []
    const transport = new FakeTransport(
      ({ at }) => {
        if (at < 1000) return [fake.delay(1000 - at), fake.reset()]
        connects.push(at)
        return fake.connectError('ECONNREFUSED')
      },
      { clock },
    )
    const client = new ResilientClient({ transport, clock, random: seededRandom(1), baseURL: 'https://api.test/v1' })
    const all = Promise.allSettled(Array.from({ length: 200 }, () => client.responses.create(ASKED)))
    await clock.advance(20_000)
    await all
    expect(connects).toHaveLength(1000)
    const within10ms = new Map<number, number>()
    for (const at of connects) within10ms.set(Math.floor(at / 10), (within10ms.get(Math.floor(at / 10)) ?? 0) + 1)
    expect(Math.max(...within10ms.values())).toBeLessThan(40)
    await client.destroy()
  })
})
