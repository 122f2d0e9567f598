import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ClientClosedError, ResilientClient, type TelemetryEvent, undiciTransport } from '../../src/index.ts'
import { textStream, toSSE, VirtualClock } from '../../src/testing/index.ts'
import { type Fault, MockResponsesServer } from '../../src/testing/server.ts'
import { within } from '../support/until.ts'
import { outcomeOf, post, readAll } from './support/calls.ts'
import { expectNothingLeft } from './support/nothing-left.ts'

const ANSWER = textStream({ text: 'one two three four five' })
const COMPLETE = { text: toSSE(ANSWER), error: undefined }

const IN_PRELUDE: Fault = { at: 'before_event', event: 2, effect: 'stall', label: 'held' }
const AFTER_OUTPUT: Fault = { at: 'before_event', event: 6, effect: 'stall', label: 'held' }
const SILENT: Fault = { at: 'headers', effect: 'stall', label: 'silent' }

let server: MockResponsesServer

beforeEach(async () => {
  server = await MockResponsesServer.start({ strict: false, respond: () => ANSWER })
})

afterEach(async () => {
  server.assertConsumed({ allowMore: true })
  await server.close()
})

describe('fault 66: a timeout on one call while 50 others stream on the same client', () => {
  it('ends that attempt alone: the 50 finish on the connections they have', async () => {
    const clock = new VirtualClock()
    const client = new ResilientClient({ clock, random: () => 0 })
    server.script(
      Array.from({ length: 50 }, () => AFTER_OUTPUT),
      { call: 'stream' },
    )
    server.script([SILENT, 'ok'], { call: 'silent' })
    const streams = await Promise.all(Array.from({ length: 50 }, () => post(client.fetch, server, { call: 'stream' })))
    await server.waitFor('fault', 50)

    const silent = post(client.fetch, server, { call: 'silent' })
    await server.waitFor('fault', 51)
    await clock.advance(45_000)
    expect(await readAll(await silent)).toEqual(COMPLETE)

    expect(server.release('held')).toBe(50)
    for (const read of await Promise.all(streams.map(readAll))) expect(read).toEqual(COMPLETE)
    expect(server.stats.requests.byPath).toEqual({ '/v1/responses': 52 })
    await expectNothingLeft(client, server)
    clock.assertNothingPending()
  })
})

describe('fault 67: 200 streams in the prelude when the server restarts', () => {
  it.each(['reset', 'close'] as const)('(by %s): one eviction, one new client, and all 200 recover', async (how) => {
    const events: TelemetryEvent[] = []
    const client = new ResilientClient({ onEvent: (event) => events.push(event) })
    server.script(Array.from({ length: 200 }, () => IN_PRELUDE))
    const calls = Array.from({ length: 200 }, async () => readAll(await post(client.fetch, server)))
    await server.waitFor('fault', 200)
    server.dropConnections(how)
    for (const read of await Promise.all(calls)) expect(read).toEqual(COMPLETE)

    const lifecycle = (generation: number) =>
      events.flatMap((event) => ('key' in event && event.generation === generation ? [event.type] : []))
    expect(lifecycle(1)).toEqual(['client_created', 'client_poisoned', 'client_evicted', 'client_destroyed'])
    expect(lifecycle(2)).toEqual(['client_created'])
    expect(lifecycle(3)).toEqual([])
    const retried = events.flatMap((event) =>
      event.type === 'attempt_connected' && event.attempt === 2 ? [event.generation] : [],
    )
    expect(retried).toEqual(Array.from({ length: 200 }, () => 2))
    // The first reconnect of a call is free.
    expect(client.stats().retryBudgets).toEqual({ [server.url]: 20 })
    expect(server.requests).toHaveLength(400)
    await expectNothingLeft(client, server)
  })
})

describe('fault 68: close()', () => {
  it('lets what is under way finish, retries included, and takes no more', async () => {
    const client = new ResilientClient()
    const view = client.withOptions({ timeouts: { staleMs: 20_000 } })
    server.script([AFTER_OUTPUT], { call: 'streaming' })
    server.script([{ ...IN_PRELUDE, label: 'retried' }, 'ok'], { call: 'retried' })
    const streaming = await post(client.fetch, server, { call: 'streaming' })
    const retried = post(view.fetch, server, { call: 'retried' })
    await server.waitFor('fault', 2)

    let closed = false
    const closing = client.close().then(() => {
      closed = true
    })
    expect((await outcomeOf(post(client.fetch, server))).error).toBeInstanceOf(ClientClosedError)
    expect(server.requests).toHaveLength(2)

    server.release('held')
    expect(await readAll(streaming)).toEqual(COMPLETE)
    expect(closed).toBe(false)
    server.dropConnections('reset')
    expect(await readAll(await retried)).toEqual(COMPLETE)
    await closing
    await expectNothingLeft(client, server)
  })

  it('of an idle client closes its idle connections, also by `await using`', async () => {
    {
      await using client = new ResilientClient()
      await readAll(await post(client.fetch, server))
    }
    await server.waitFor('connection_closed')
  })

  it('of a view closes the view alone', async () => {
    const client = new ResilientClient()
    const view = client.withOptions({ maxRetries: 0 })
    await view.close()
    expect((await outcomeOf(post(view.fetch, server))).error).toBeInstanceOf(ClientClosedError)
    expect(await readAll(await post(client.fetch, server))).toEqual(COMPLETE)
    await expectNothingLeft(client, server)
  })
})

describe('fault 68: destroy()', () => {
  it('ends every call with ClientClosedError, wherever it is, and leaves nothing', async () => {
    const clock = new VirtualClock()
    const controller = new AbortController()
    const sleeping = Promise.withResolvers<void>()
    const client = new ResilientClient({
      clock,
      onEvent: (event) => event.type === 'retry_decision' && sleeping.resolve(),
    })
    const overloaded: Fault = { at: 'headers', effect: 'status', status: 503, headers: { 'retry-after': '30' } }
    const start = (call: string, fault: Fault) => {
      server.script([fault], { call })
      return post(client.fetch, server, { call, signal: controller.signal })
    }
    const waiting = [start('silent', SILENT), start('prelude', IN_PRELUDE), start('sleeping', overloaded)].map(
      outcomeOf,
    )
    const unread = await start('unread', AFTER_OUTPUT)
    const reading = readAll(await start('reading', { at: 'inside_event', event: 6, effect: 'stall' }))
    await server.waitFor('fault', 5)
    await sleeping.promise

    await client.destroy()
    for (const { error } of await Promise.all(waiting)) expect(error).toBeInstanceOf(ClientClosedError)
    for (const { error } of [await reading, await readAll(unread)]) expect(error).toBeInstanceOf(ClientClosedError)
    expect((await outcomeOf(post(client.fetch, server))).error).toBeInstanceOf(ClientClosedError)
    await clock.advance(60_000)
    expect(server.requests).toHaveLength(5)
    await expectNothingLeft(client, server, [controller.signal])
    clock.assertNothingPending()
  })
})

describe('a call that meets the end of its client before anything was dispatched', () => {
  it.each(['close', 'destroy'] as const)(
    'in the same turn as %s(): it is never taken for a lost connection',
    async (how) => {
      const clock = new VirtualClock()
      const client = new ResilientClient({ clock })
      const call = outcomeOf(post(client.fetch, server).then(readAll))
      await client[how]()
      // Time stands still: a call that slept before a retry would not settle.
      const { value, error } = await within(call, 'the end of the call')
      if (how === 'close' && error === undefined) expect(value).toEqual(COMPLETE)
      else expect(error).toBeInstanceOf(ClientClosedError)
      await expectNothingLeft(client, server)
      clock.assertNothingPending()
    },
  )

  it('over a transport that its owner has closed: ClientClosedError, at the first attempt', async () => {
    const clock = new VirtualClock()
    const transport = undiciTransport({ clock })
    const client = new ResilientClient({ clock, transport })
    await transport.close()
    const { error } = await within(outcomeOf(post(client.fetch, server)), 'the end of the call')
    expect(error).toBeInstanceOf(ClientClosedError)
    expect(error).toMatchObject({ attempts: { length: 1 } })
    await expectNothingLeft(client, server)
    clock.assertNothingPending()
  })
})
