import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { fake, textStream, toSSE } from '../../src/testing/index.ts'
import { collect, scenario } from './harness.ts'

const ok = textStream({ text: 'hello' })
const upToDelta = ok.slice(0, ok.findIndex((event) => event.type.endsWith('.delta')) + 1)
const params = { model: 'm', input: 'hi' }

/** A stream that breaks off behind its first output, and falls silent. */
const silent = () => [fake.events(upToDelta), fake.stall()].flat()
const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

describe('a stream with a signal that nobody reads', () => {
  it('has one listener on the signal while it is under way', async () => {
    const s = scenario([silent()])
    s.responses.stream(params, { signal: s.controller.signal })
    await s.clock.settle()
    expect(listeners(s.controller.signal)).toBe(1)
    await s.client.destroy()
    expect(listeners(s.controller.signal)).toBe(0)
  })

  it('has none after the deadline, and can still be read', async () => {
    const s = scenario([silent()], { timeouts: { staleMs: 60_000 } })
    const { signal } = s.controller
    const stream = s.responses.stream(params, { signal })
    await s.clock.advance(120_000)
    expect(listeners(signal)).toBe(0)
    const { events, error } = (await s.settle(collect(stream))).value as { events: unknown[]; error: unknown }
    expect(events).toEqual(upToDelta)
    expect(error).toMatchObject({ code: 'stale_timeout' })
    expect(listeners(signal)).toBe(0)
  })

  it('that can be restarted has one until it is restarted and read, or destroyed', async () => {
    const s = scenario([silent(), fake.respond(ok), silent()], { timeouts: { staleMs: 60_000 } })
    const { signal } = s.controller
    const options = { signal, interruption: 'restart' } as const
    const stream = s.responses.stream(params, options)
    await s.clock.advance(120_000)
    expect((await s.settle(collect(stream))).value).toMatchObject({ error: undefined })
    expect(listeners(signal)).toBe(0)
    s.responses.stream(params, options)
    await s.clock.advance(120_000)
    await s.client.destroy()
    expect(listeners(signal)).toBe(0)
    expect(s.client.stats().activeCalls).toBe(0)
  })

  it('has none once the response has come whole, and can still be read', async () => {
    const s = scenario([[fake.bytes(toSSE(ok)), fake.eof()]])
    const stream = s.responses.stream(params, { signal: s.controller.signal })
    await s.clock.settle()
    expect(listeners(s.controller.signal)).toBe(0)
    await s.settle(s.client.close())
    expect((await s.settle(stream.finalResponse())).value).toMatchObject({ status: 'completed' })
    expect(listeners(s.controller.signal)).toBe(0)
  })

  it('has none after the client was closed, which waits for it until staleMs', async () => {
    const s = scenario([fake.respond(ok)])
    s.responses.stream(params, { signal: s.controller.signal })
    await s.settle(s.client.close())
    expect(listeners(s.controller.signal)).toBe(0)
  })

  it('obeys a signal that was aborted after the deadline', async () => {
    const s = scenario([silent()], { timeouts: { staleMs: 60_000 } })
    const stream = s.responses.stream(params, { signal: s.controller.signal })
    await s.clock.advance(120_000)
    const reason = new Error('enough')
    s.controller.abort(reason)
    const { error } = (await s.settle(collect(stream))).value as { error: unknown }
    expect(error).toBe(reason)
  })
})
