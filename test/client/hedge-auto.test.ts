import { describe, expect, it } from 'vitest'
import type { ResilientClientOptions, TelemetryEvent } from '../../src/index.ts'
import { fake, textStream, toSSE } from '../../src/testing/index.ts'
import { readAll, scenario } from './harness.ts'

const ok = textStream({ text: 'hello' })
const other = textStream({ text: 'from the hedge' })
const MINUTE = 60_000

type Script = Parameters<typeof scenario>[0]
type Step = Extract<Script, readonly unknown[]>[number]

/** An origin that has answered `answers` times in a second, and once not at all: what `hedge: 'auto'` waits for. */
const shown = (answers = 20): Step[] => [
  ...Array.from({ length: answers }, () => [fake.delay(1000), fake.respond(ok)] as Step),
  fake.stall(),
  fake.respond(ok),
]

/** Plays what the origin has shown, then the calls of `play`. */
async function learnt(before: readonly Step[], script: readonly Step[], options: ResilientClientOptions = {}) {
  const s = scenario([...before, ...script] as Script, options)
  const call = async (body: object = {}, init: RequestInit = {}) => {
    const { value, error } = await s.settle(s.post(body, init))
    return { error, text: value && (await s.settle(readAll(value))).value?.text }
  }
  // The dead one is cut and answered by the retry: two attempts, one call.
  while (s.transport.requests.length < before.length) await call()
  // The learning leaves the balance where each rule below begins.
  const isHedge = ({ type }: TelemetryEvent): boolean => type.startsWith('hedge_')
  expect(s.events.filter(isHedge)).toEqual([])
  const sent = s.transport.requests.length
  return {
    ...s,
    call,
    /** Requests since then, each with the time since the first of them. */
    requests: () => {
      const since = s.transport.requests.slice(sent)
      return since.map(({ at }) => at - (since[0]?.at ?? 0))
    },
    hedges: () =>
      s.events.flatMap((event) =>
        event.type === 'hedge_start'
          ? [`${event.attempt} starts`]
          : event.type === 'hedge_end'
            ? [`${event.attempt} ${event.outcome}`]
            : event.type === 'hedge_refused'
              ? [`refused: ${event.reason}`]
              : [],
      ),
  }
}

describe("hedge: 'auto', the default", () => {
  it('hedges a silent attempt once the origin has shown 20 quick answers and a death within the hour', async () => {
    const s = await learnt(shown(), [fake.stall(), fake.respond(other)])
    expect((await s.call()).text).toBe(toSSE(other))
    expect(s.hedges()).toEqual(['2 starts', '2 won'])
    expect(s.requests()[1]).toBeLessThan(10_000)
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it.each<[string, Step[]]>([
    ['has never answered', []],
    ['has answered 19 times, and was dead once', shown(18)],
    ['has answered often and never been dead', shown().slice(0, 20)],
  ])('sends nothing twice to an origin that %s: the cutoff ends the silence', async (_what, before) => {
    const s = await learnt(before, [fake.stall(), fake.respond(ok)])
    expect((await s.call()).text).toBe(toSSE(ok))
    expect(s.hedges()).toEqual([])
    expect(s.requests()[1]).toBeGreaterThanOrEqual(45_000)
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('forgets what an origin has shown after an hour', async () => {
    const s = await learnt(shown(), [fake.stall(), fake.respond(ok)])
    await s.clock.advance(61 * MINUTE)
    await s.call()
    expect(s.hedges()).toEqual([])
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it.each<[string, ResilientClientOptions, object]>([
    ['maxRetries: 0', { maxRetries: 0 }, {}],
    ['hedge: false', { hedge: false }, {}],
    ['a body with a conversation', {}, { conversation: 'conv_1' }],
    ['the flex tier', { timeouts: { ttfbMs: 45_000 } }, { service_tier: 'flex' }],
    ['the priority tier', {}, { service_tier: 'priority' }],
    ['a stored prompt, whose tools are unknown', {}, { prompt: { id: 'pmpt_1' } }],
    [
      'a hosted tool that comes with the input',
      {},
      { input: [{ type: 'additional_tools', role: 'developer', tools: [{ type: 'mcp', server_label: 'x' }] }] },
    ],
    ['a hosted tool in a namespace', {}, { tools: [{ type: 'namespace', name: 'n', tools: [{ type: 'mcp' }] }] }],
    ['a hosted tool that acts', {}, { tools: [{ type: 'mcp', server_label: 'x', server_url: 'https://x.test' }] }],
    ['a hosted tool that costs', {}, { tools: [{ type: 'image_generation' }] }],
  ])('is off with %s', async (_what, options, body) => {
    const s = await learnt(shown(), [[fake.delay(30_000), fake.respond(ok)]])
    const view = s.client.withOptions({
      maxRetries: options.maxRetries,
      hedge: options.hedge,
      timeouts: options.timeouts,
    })
    const { value } = await s.settle(
      view.fetch('https://api.test/v1/responses', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'm', input: 'hi', stream: true, ...body }),
      }),
    )
    expect((await s.settle(readAll(value as Response))).value?.text).toBe(toSSE(ok))
    expect(s.hedges()).toEqual([])
    await s.nothingIsLeft()
  })

  it.each([
    'http://localhost:11434/v1',
    'http://192.168.1.20:8000/v1',
    'http://ollama:11434/v1',
    'https://gpu.corp.internal/v1',
  ])('sends one request to %s, where a model may load for 90 s', async (baseURL) => {
    const script = [
      ...Array.from({ length: 20 }, () => [fake.delay(1000), fake.respond(ok)]),
      fake.stall(),
      fake.respond(ok),
      [fake.delay(90_000), fake.respond(other)],
    ] as Script
    const s = scenario(script, { timeouts: { ttfbMs: 120_000 } })
    const call = async () => {
      const { value } = await s.settle(
        s.client.fetch(`${baseURL}/responses`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ model: 'm', input: 'hi', stream: true }),
        }),
      )
      return (await s.settle(readAll(value as Response))).value?.text
    }
    for (let i = 0; i < 21; i++) await call()
    const before = s.transport.requests.length
    expect(await call()).toBe(toSSE(other))
    expect(s.transport.requests.length - before).toBe(1)
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('hedges such an origin, and an unknown one, with hedge: true', async () => {
    const s = scenario([fake.stall(), fake.respond(other)], { hedge: true })
    const { value } = await s.settle(
      s.client.fetch('http://localhost:11434/v1/responses', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'm', input: 'hi', stream: true }),
      }),
    )
    expect((await s.settle(readAll(value as Response))).value?.text).toBe(toSSE(other))
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('gives a call two hedges at most, and no more attempts than maxRetries allows', async () => {
    const s = await learnt(shown(30), [fake.stall(), fake.stall(), fake.stall(), fake.respond(ok)])
    expect((await s.call()).text).toBe(toSSE(ok))
    expect(s.hedges().filter((line) => line.endsWith('starts'))).toEqual(['2 starts', '3 starts'])
    // The fourth request is the retry behind the cutoff of the first.
    expect(s.requests()).toHaveLength(4)
    expect(s.requests()[3]).toBeGreaterThanOrEqual(45_000)
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('has a balance for each origin, which starts at 0: 0.1 a call', async () => {
    const dead = fake.stall()
    const s = await learnt(shown(), [dead, dead, dead, fake.respond(ok), dead, fake.respond(ok)])
    // 21 calls paid for the two hedges of the next one, and both are lost.
    await s.call()
    expect(s.hedges()).not.toContain('refused: budget')
    await s.call()
    expect(s.hedges()).toContain('refused: budget')
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('counts a large input for more: 30 000 tokens cost three hedges', async () => {
    const input = 'word'.repeat(30_000)
    const s = await learnt(shown(), [[fake.delay(40_000), fake.respond(ok)]])
    await s.call({ input })
    expect(s.hedges()).toEqual(['refused: budget'])
    await s.nothingIsLeft()
  })

  it('does not hedge while less than a tenth of a rate limit is left', async () => {
    const scarce = {
      'x-ratelimit-limit-requests': '100',
      'x-ratelimit-remaining-requests': '9',
      'x-ratelimit-reset-requests': '10m',
    }
    const s = await learnt(shown(), [
      [fake.head(200, { 'content-type': 'text/event-stream', ...scarce }), fake.events(ok), fake.eof()],
      [fake.delay(40_000), fake.respond(ok)],
    ])
    await s.call()
    await s.call()
    expect(s.hedges()).toEqual(['refused: rate'])
    await s.nothingIsLeft()
  })

  it.each(['auto', true] as const)('needs a free place of concurrency.calls, with %s too', async (hedge) => {
    const s = await learnt(shown(), [[fake.delay(40_000), fake.respond(ok)]], {
      concurrency: { calls: 1 },
      hedge: 'auto',
    })
    const view = s.client.withOptions({ hedge })
    const { value } = await s.settle(
      view.fetch('https://api.test/v1/responses', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'm', input: 'hi', stream: true }),
      }),
    )
    await s.settle(readAll(value as Response))
    expect(s.hedges()).toEqual(['refused: concurrency'])
    await s.nothingIsLeft()
  })

  it('leaves the place that a hedge has taken when the race is over', async () => {
    const s = await learnt(
      shown(),
      [fake.stall(), fake.respond(other), [fake.delay(1000), fake.respond(ok)], [fake.delay(1000), fake.respond(ok)]],
      {
        concurrency: { calls: 2 },
      },
    )
    await s.call()
    expect(s.hedges()).toEqual(['2 starts', '2 won'])
    // Both places are free again: two calls begin at once.
    const both = [s.post(), s.post()] as const
    await s.clock.settle()
    expect(s.requests()).toHaveLength(4)
    for (const { value } of [await s.settle(both[0]), await s.settle(both[1])])
      await s.settle(readAll(value as Response))
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('keeps the cutoff as it is: 45 s, not the 180 s of hedge: true', async () => {
    const s = await learnt(shown(), [fake.stall(), fake.stall(), fake.stall(), fake.respond(ok)])
    await s.call()
    const cuts = s.events.filter((event) => event.type === 'attempt_end' && event.record.code === 'ttfb_timeout')
    expect(cuts.length).toBeGreaterThanOrEqual(2)
    await s.nothingIsLeft({ allowHangUp: true })
  })
})
