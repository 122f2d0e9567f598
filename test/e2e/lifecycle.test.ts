import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ClientClosedError, ResilientClient, undiciTransport } from '../../src/index.ts'
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
  server = await MockResponsesServer.start({ respond: () => ANSWER })
})

afterEach(async () => {
  server.assertConsumed({ allowMore: true })
  await server.close()
})

describe('close()', () => {
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

describe('destroy()', () => {
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

describe('a call whose client is closed before anything was sent', () => {
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
