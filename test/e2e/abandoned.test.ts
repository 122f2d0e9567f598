import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nextTurn } from '../../src/core/turn.ts'
import { ResilientClient } from '../../src/index.ts'
import { textStream, toSSE, VirtualClock } from '../../src/testing/index.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { post, readAll } from './support/calls.ts'
import { collectGarbageUntil } from './support/collect-garbage.ts'
import { expectNothingLeft } from './support/nothing-left.ts'

let server: MockResponsesServer
let clock: VirtualClock
let client: ResilientClient
let controller: AbortController

async function start(options: Parameters<typeof MockResponsesServer.start>[0] = {}): Promise<void> {
  server = await MockResponsesServer.start({ ...options })
}

beforeEach(() => {
  clock = new VirtualClock()
  controller = new AbortController()
  client = new ResilientClient({ clock })
})

afterEach(async () => {
  await expectNothingLeft(client, server, [controller.signal])
  clock.assertNothingPending()
  await server.close()
})

const call = () => post(client.fetch, server, { signal: controller.signal })

describe('a consumer that leaves frees the socket', () => {
  const ANSWER = textStream({ text: 'one two three four five' })

  beforeEach(async () => {
    await start({ respond: () => ANSWER })
    server.script([{ at: 'before_event', event: 6, effect: 'stall' }])
  })

  const PARAMS = { model: 'm', input: 'hi' }
  const typed = (): ResilientClient => {
    client = new ResilientClient({ clock, baseURL: `${server.url}/v1`, apiKey: 'sk-test' })
    return client
  }

  const expectFreed = async (): Promise<void> => {
    await server.waitFor('connection_closed')
    expect(server.requests[0]?.outcome).toBe('client_gone')
    expect(client.stats()).toMatchObject({ activeCalls: 0, leases: 0, connections: 0 })
  }

  it('by cancelling its reader while a read is pending: the read ends, and does not fail', async () => {
    const response = await call()
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    let pending = reader.read()
    while (server.appliedFaults.length === 0) {
      await pending
      pending = reader.read()
      await nextTurn()
    }
    await reader.cancel()
    while (!(await pending).done) pending = reader.read()
    await expectFreed()
  })

  /** Holds `value` until the answer stands still: what nobody holds may be collected before. */
  const heldUntilStall = async (value: unknown): Promise<void> => {
    const held = new Set([value])
    await server.waitFor('fault')
    held.clear()
  }

  it('by dropping it half read', async () => {
    await (async () => {
      const reader = ((await call()).body as ReadableStream<Uint8Array>).getReader()
      await reader.read()
      await heldUntilStall(reader)
    })()
    await collectGarbageUntil(() => server.connections[0]?.open === false)
    await expectFreed()
  })

  it('but not while it iterates a typed stream without another reference', async () => {
    const events = typed().responses.stream(PARAMS)[Symbol.asyncIterator]()
    await events.next()
    await server.waitFor('fault')
    const waiting = (async () => {
      for (let next = await events.next(); !next.done; next = await events.next());
    })()
    // Another one is thrown away beside it: when that one is found, this one would have been, too.
    let isCollected = false
    const registry = new FinalizationRegistry(() => {
      isCollected = true
    })
    registry.register({}, undefined)
    await collectGarbageUntil(() => isCollected)
    for (let turn = 0; turn < 20; turn++) await nextTurn()
    expect(server.connections[0]?.open).toBe(true)
    await events.return?.()
    await waiting
    await expectFreed()
  })

  it('by holding on to it unread: at staleMs at the latest', async () => {
    const response = await call()
    await server.waitFor('fault')
    await clock.advance(1_799_999)
    expect(server.connections[0]?.open).toBe(true)
    await clock.advance(1)
    await expectFreed()
    const { text, error } = await readAll(response)
    expect(toSSE(ANSWER).startsWith(text)).toBe(true)
    expect(error).toMatchObject({ message: 'terminated', cause: { code: 'stale_timeout' } })
  })
})

describe('a consumer that takes possession of what it reads', () => {
  it.each([1, 5])('finds nothing else in the memory of a chunk, with %s events to a write', async (eventsPerWrite) => {
    const answer = textStream({ text: 'one two three four five' })
    await start({ eventsPerWrite, respond: () => answer })
    const reader = ((await call()).body as ReadableStream<Uint8Array>).getReader()
    let text = ''
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      expect([next.value.constructor, next.value.byteLength]).toEqual([Uint8Array, next.value.buffer.byteLength])
      // Takes the memory away from here.
      text += Buffer.from(structuredClone(next.value, { transfer: [next.value.buffer as ArrayBuffer] })).toString()
    }
    expect(text).toBe(toSSE(answer))
  })
})
