/** Users with fake timers of their own need no clock of ours: the system clock asks the global timers at each call. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { ResilientClient, type TelemetryEvent } from '../../src/index.ts'
import { FakeTransport, fake, textStream, toSSE } from '../../src/testing/index.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

const ANSWER = textStream({ text: 'one two three' })
const OVERLOADED = fake.status(503, { body: { error: { code: 'server_is_overloaded', message: 'Overloaded.' } } })

function connect(transport: FakeTransport) {
  const events: TelemetryEvent[] = []
  const client = new ResilientClient({ transport, random: () => 0.5, onEvent: (event) => events.push(event) })
  const post = (init: RequestInit = {}) =>
    client.fetch('https://api.test/v1/responses', {
      method: 'POST',
      body: JSON.stringify({ input: 'hi', stream: true }),
      ...init,
    })
  return { client, events, post }
}

it('vi.useFakeTimers() drives a TTFB cut, a back-off and the success after them', async () => {
  const transport = new FakeTransport([fake.stall(), OVERLOADED, fake.respond(ANSWER, { everyMs: 1000 })])
  const { client, events, post } = connect(transport)
  const text = post().then((response) => response.text())

  await vi.advanceTimersByTimeAsync(44_999)
  expect(transport.requests).toMatchObject([{ outcome: 'open' }])
  // Before it cuts, the watchdog looks again in a `setImmediate`, which fake timers run a millisecond later.
  await vi.advanceTimersByTimeAsync(1 + 1)
  expect(transport.requests).toMatchObject([{ outcome: 'destroyed', poisonReasons: ['ttfb_timeout'] }])

  await vi.advanceTimersByTimeAsync(99)
  expect(transport.requests).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(transport.requests).toHaveLength(2)

  await vi.advanceTimersByTimeAsync(249)
  expect(transport.requests).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(1)
  expect(transport.requests).toHaveLength(3)

  await vi.advanceTimersByTimeAsync(1000 * ANSWER.length)
  expect(await text).toBe(toSSE(ANSWER))
  expect(events.flatMap((event) => (event.type === 'retry_decision' ? [event] : []))).toMatchObject([
    { code: 'ttfb_timeout', decision: { retry: true, delayMs: 100 } },
    { code: 'http_status', decision: { retry: true, delayMs: 250 } },
  ])
  await client.close()
  transport.assertConsumed()
  transport.assertNothingLeft()
})

it('vi.runAllTimersAsync() takes a call that fails for good to its end', async () => {
  const transport = new FakeTransport(() => [fake.stall()])
  const { client, post } = connect(transport)
  const outcome = post().catch((error: unknown) => error)
  await vi.runAllTimersAsync()
  expect(await outcome).toMatchObject({
    message: 'fetch failed',
    cause: { code: 'ttfb_timeout', attempts: { length: 5 } },
  })
  await client.close()
  transport.assertNothingLeft()
})

it('an abort in the middle leaves no timer', async () => {
  const transport = new FakeTransport([fake.stall()])
  const { client, post } = connect(transport)
  const controller = new AbortController()
  const outcome = post({ signal: controller.signal }).catch((error: unknown) => error)
  await vi.advanceTimersByTimeAsync(1000)
  controller.abort('enough')
  expect(await outcome).toBe('enough')
  await client.close()
  transport.assertNothingLeft()
})
