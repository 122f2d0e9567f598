import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ResilientClient, type ResilientClientOptions, type TelemetryEvent } from '../../src/index.ts'
import { textStream, toSSE, VirtualClock } from '../../src/testing/index.ts'
import { type Fault, MockResponsesServer } from '../../src/testing/server.ts'
import { outcomeOf, post, readAll } from './support/calls.ts'
import { expectNothingLeft } from './support/nothing-left.ts'

const ANSWER = textStream({ text: 'one two three four five' })
const HOUR = 3_600_000

/** Whatever a caller says, it comes out as it is. */
const REASON = { why: 'the user pressed stop' }

let server: MockResponsesServer
let clock: VirtualClock
let controller: AbortController
let client: ResilientClient
const events: TelemetryEvent[] = []

function connect(options: ResilientClientOptions = {}): ResilientClient {
  // Time stands still: what settles, settles without waiting for any deadline.
  return new ResilientClient({ clock, onEvent: (event) => events.push(event), ...options })
}

beforeEach(async () => {
  events.length = 0
  clock = new VirtualClock()
  controller = new AbortController()
  server = await MockResponsesServer.start({ respond: () => ANSWER })
  client = connect()
})

/** Nothing is sent any more, however long one waits; and nothing is left. */
afterEach(async () => {
  const sent = server.requests.length
  await clock.advance(HOUR)
  expect(server.requests).toHaveLength(sent)
  await expectNothingLeft(client, server, [controller.signal])
  clock.assertNothingPending()
  server.assertConsumed({ allowMore: true })
  expect(events.filter(({ type }) => type === 'call_start')).toHaveLength(
    events.filter(({ type }) => type === 'call_end').length,
  )
  await server.close()
})

const call = () => post(client.fetch, server, { signal: controller.signal })

describe("a caller's abort settles its calls at once, with the caller's own reason", () => {
  const WAITING: ReadonlyArray<readonly [string, Fault]> = [
    ['while waiting for the answer', { at: 'headers', effect: 'stall' }],
    ['behind the headers', { at: 'before_event', event: 0, effect: 'stall' }],
    ['in the prelude', { at: 'before_event', event: 2, effect: 'stall' }],
  ]

  it('before anybody read the body', async () => {
    server.script([{ at: 'before_event', event: 6, effect: 'stall' }])
    const response = await call()
    controller.abort(REASON)
    expect((await readAll(response)).error).toBe(REASON)
    await server.waitFor('connection_closed')
  })

  it('of 50 calls with one signal, wherever each of them is', async () => {
    const faults = WAITING.map(([, fault]) => fault)
    const outcomes = Array.from({ length: 50 }, (_, index) => {
      server.script([faults[index % faults.length] as Fault])
      return outcomeOf(call())
    })
    await server.waitFor('fault', 50)
    controller.abort(REASON)
    for (const { error } of await Promise.all(outcomes)) expect(error).toBe(REASON)
    await server.waitFor('connection_closed', 50)
    expect(client.stats()).toMatchObject({ activeCalls: 0, leases: 0 })
  })

  it('poisons nothing: concurrent streams continue, and later calls use the same client', async () => {
    server.script([{ at: 'before_event', event: 6, effect: 'stall', label: 'other' }], { call: 'other' })
    server.script([{ at: 'headers', effect: 'stall' }], { call: 'aborted' })
    const other = await post(client.fetch, server, { call: 'other' })
    const outcome = outcomeOf(post(client.fetch, server, { call: 'aborted', signal: controller.signal }))
    await server.waitFor('fault', ({ request }) => request?.call === 'aborted')
    controller.abort(REASON)
    await outcome
    await readAll(await post(client.fetch, server))
    await server.waitFor('fault', ({ request }) => request?.call === 'other')
    server.release('other')
    expect(await readAll(other)).toEqual({ text: toSSE(ANSWER), error: undefined })
    expect(events.filter(({ type }) => type === 'client_created' || type === 'client_poisoned')).toHaveLength(1)
  })
})
