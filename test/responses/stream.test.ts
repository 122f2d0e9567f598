import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  findResilientError,
  ResponseFailedError,
  type ResponseStreamEvent,
  StreamInterruptedError,
  type StreamRestartedEvent,
} from '../../src/index.ts'
import { failedStream, fake, sseFrame, textStream, toolCallStream, toSSE } from '../../src/testing/index.ts'
import { collect, collected, scenario } from './harness.ts'

const ok = textStream({ text: 'hello' })
const final = ok.at(-1)?.response
const upToDelta = ok.slice(0, ok.findIndex((event) => event.type.endsWith('.delta')) + 1)
const params = { model: 'm', input: 'hi' }

describe('client.responses.stream', () => {
  it('gives the events as they are, and the final response with or without iteration', async () => {
    const s = scenario([fake.respond(ok), fake.respond(ok)])
    const stream = s.responses.stream(params)
    const response = stream.finalResponse()
    expect(await collected(s, stream)).toEqual({ events: ok, error: undefined })
    expect(await response).toEqual(final)
    expect(stream).toMatchObject({
      id: 'resp_test',
      usage: { total_tokens: 11 },
      attempts: [{ attempt: 1, outcome: 'committed' }],
    })
    const unread = s.responses.stream(params)
    expect((await s.settle(unread.finalResponse())).value).toEqual(final)
    expect(await unread.outputText()).toBe('hello')
    expect(s.transport.requests[0]?.json).toEqual({ ...params, stream: true })
    await s.nothingIsLeft()
  })

  it('starts when it is called', async () => {
    const s = scenario([fake.respond(ok)])
    const stream = s.responses.stream(params)
    await s.clock.settle()
    expect(s.transport.requests).toHaveLength(1)
    await collect(stream)
    await s.nothingIsLeft()
  })

  it('can be iterated once', async () => {
    const s = scenario([fake.respond(ok)])
    const stream = s.responses.stream(params)
    await collect(stream)
    expect(() => stream[Symbol.asyncIterator]()).toThrow(/iterated once/)
    await s.nothingIsLeft()
  })

  it('leaving the loop early frees the connection, and there is no final response', async () => {
    const s = scenario([fake.respond(ok, { everyMs: 10 })])
    const stream = s.responses.stream(params)
    const first = await s.settle(
      (async () => {
        for await (const event of stream) return event
        return undefined
      })(),
    )
    expect(first.value).toEqual(ok[0])
    await expect(stream.finalResponse()).rejects.toMatchObject({ code: 'stream_abandoned' })
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('leaving the loop after the terminal event loses nothing: there is a final response', async () => {
    const s = scenario([fake.respond(ok, { everyMs: 10 }), fake.respond(failedStream({ code: 'invalid_prompt' }))])
    const stream = s.responses.stream(params)
    const read = s.settle(
      (async () => {
        for await (const event of stream) if (event.type === 'response.completed') return event
        return undefined
      })(),
    )
    expect((await read).value).toEqual(ok.at(-1))
    expect((await s.settle(stream.finalResponse())).value).toEqual(final)
    const refused = s.responses.stream(params)
    await s.settle(
      (async () => {
        for await (const event of refused) if (event.type === 'response.failed') return
      })(),
    )
    expect((await s.settle(refused.finalResponse())).error).toBeInstanceOf(ResponseFailedError)
    await s.nothingIsLeft()
  })

  it('answers concurrent next() calls in order, and later ones with the end', async () => {
    const s = scenario([fake.respond(ok, { everyMs: 10 })])
    const events = s.responses.stream(params)[Symbol.asyncIterator]()
    const asked = Promise.all(Array.from({ length: ok.length + 2 }, () => events.next()))
    const { value } = await s.settle(asked)
    expect(value).toEqual([
      ...ok.map((event) => ({ done: false, value: event })),
      { done: true, value: undefined },
      { done: true, value: undefined },
    ])
    await s.nothingIsLeft()
  })

  it('answers concurrent next() calls after a failure in order', async () => {
    const s = scenario([fake.status(400)])
    const events = s.responses.stream(params)[Symbol.asyncIterator]()
    const asked = Promise.allSettled([events.next(), events.next()])
    const { value } = await s.settle(asked)
    expect(value).toMatchObject([
      { status: 'rejected', reason: { status: 400 } },
      { status: 'rejected', reason: { status: 400 } },
    ])
    await s.nothingIsLeft()
  })

  it('return() also ends a pending read', async () => {
    const s = scenario([[fake.events(upToDelta), fake.stall()].flat()])
    const stream = s.responses.stream(params)
    const events = stream[Symbol.asyncIterator]()
    for (const event of upToDelta) expect((await s.settle(events.next())).value).toEqual({ done: false, value: event })
    const pending = events.next()
    expect(await events.return?.()).toEqual({ done: true, value: undefined })
    expect(await pending).toEqual({ done: true, value: undefined })
    expect(await events.next()).toEqual({ done: true, value: undefined })
    await expect(stream.finalResponse()).rejects.toMatchObject({ code: 'stream_abandoned' })
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('return(value) resolves with the value, as the return() of a generator does', async () => {
    const s = scenario([fake.respond(ok)])
    const events = s.responses.stream(params)[Symbol.asyncIterator]()
    await s.settle(events.next())
    expect(await events.return(Promise.resolve('mine'))).toEqual({ done: true, value: 'mine' })
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('abort() ends a paused iteration, drops its unread events, and rejects finalResponse()', async () => {
    const s = scenario([fake.respond(ok, { everyMs: 10 })])
    const stream = s.responses.stream(params)
    const events = stream[Symbol.asyncIterator]()
    expect((await s.settle(events.next())).value).toEqual({ done: false, value: ok[0] })
    const response = stream.finalResponse()
    const told = expect(response).rejects.toThrow('enough')
    await s.clock.advance(10)
    stream.abort(new Error('enough'))
    await expect(events.next()).rejects.toThrow('enough')
    await told
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it("abort() and the caller's signal end it with their reason", async () => {
    const s = scenario([fake.stall(), [fake.events(upToDelta), fake.stall()].flat()])
    const reason = new Error('enough')
    const aborted = s.responses.stream(params)
    const read = collect(aborted)
    await s.clock.settle()
    aborted.abort(reason)
    expect((await read).error).toBe(reason)
    const signalled = s.responses.stream(params, { signal: s.controller.signal })
    const second = collect(signalled)
    await s.clock.settle()
    s.controller.abort(reason)
    expect(await second).toEqual({ events: upToDelta, error: reason })
    await s.nothingIsLeft()
  })

  it('a rejection of finalResponse() that is not handled is no unhandled rejection', async () => {
    const s = scenario([fake.status(400)])
    s.responses.stream(params)
    await s.clock.settle()
    await s.nothingIsLeft()
  })

  it('retries what fails before the commit; the caller sees one clean stream', async () => {
    const s = scenario([fake.stall(), fake.events(ok.slice(0, 2)), fake.status(503), fake.respond(ok)])
    expect(await collected(s, s.responses.stream(params))).toEqual({ events: ok, error: undefined })
    await s.nothingIsLeft()
  })

  it('throws when the retries of a failure inside the stream are used', async () => {
    const events = failedStream({ code: 'server_error', message: 'no' })
    const s = scenario([fake.respond(events)], { maxRetries: 0 })
    const { events: seen, error } = await collected(s, s.responses.stream(params))
    expect(seen).toEqual([])
    expect(error).toBeInstanceOf(ResponseFailedError)
    expect(error).toMatchObject({
      code: 'response_failed',
      upstreamCode: 'server_error',
      giveUpReason: 'retries_exhausted',
    })
    expect((error as ResponseFailedError).response).toMatchObject({ status: 'failed' })
    await s.nothingIsLeft()
  })

  it('throws for an error status, with status and code', async () => {
    const s = scenario([fake.status(400, { body: { error: { code: 'model_not_found', message: 'no such model' } } })])
    const { error } = await collected(s, s.responses.stream(params))
    expect(error).toMatchObject({
      name: 'UpstreamError',
      status: 400,
      upstreamCode: 'model_not_found',
      retryable: false,
    })
    await s.nothingIsLeft()
  })

  it('a break after the commit is an interruption with the output so far', async () => {
    const events = toolCallStream({ calls: [{ name: 'run', arguments: '{"x":1}' }] })
    const cut = events.findIndex((event) => event.type.endsWith('arguments.delta')) + 1
    const half = sseFrame(events[cut] as object as Record<string, unknown>).slice(0, 30)
    const s = scenario([[fake.events(events.slice(0, cut)), fake.bytes(half), fake.reset()].flat()])
    const stream = s.responses.stream(params)
    const { events: seen, error } = await collected(s, stream)
    expect(seen).toEqual(events.slice(0, cut))
    expect(error).toBeInstanceOf(StreamInterruptedError)
    expect(error).toMatchObject({
      code: 'connection_reset',
      lastSequenceNumber: cut - 1,
      partial: { finishedItems: [], unfinishedItems: [{ type: 'function_call' }] },
    })
    await expect(stream.finalResponse()).rejects.toBe(error)
    await s.nothingIsLeft()
  })

  it('response.failed after output: the event is handed over, then the failure thrown with its own code', async () => {
    const events = [...upToDelta, ...failedStream({ code: 'server_error', message: 'no' }).slice(-1)]
    const s = scenario([fake.respond(events, { keepOpen: true })])
    const { events: seen, error } = await collected(s, s.responses.stream(params))
    expect(seen).toEqual(events)
    expect(error).toMatchObject({ name: 'ResponseFailedError', upstreamCode: 'server_error' })
    expect(s.clock.now()).toBe(0)
    await s.nothingIsLeft()
  })

  it('works without sequence numbers, with the same number always, and with ids that change', async () => {
    const bare = ok.map(({ sequence_number: _, ...event }) => event)
    const zero = ok.map((event) => ({ ...event, sequence_number: 0 }))
    const ids = ok.map((event, index) =>
      'response' in event ? { ...event, response: { ...(event.response as object), id: `r${index}` } } : event,
    )
    const s = scenario([fake.respond(bare), fake.respond(zero), fake.respond(ids)])
    for (const events of [bare, zero, ids]) {
      const stream = s.responses.stream(params)
      expect((await collected(s, stream)).events).toEqual(events)
      expect(await stream.finalResponse()).toEqual((events.at(-1) as { response?: unknown }).response)
    }
    await s.nothingIsLeft()
  })

  it('restarts are limited like all retries, and the last interruption is thrown with the output so far', async () => {
    const broken = () => [fake.events(upToDelta), fake.reset()].flat()
    const s = scenario([broken(), broken()], { maxRetries: 1, interruption: 'restart' })
    const { error } = await collected(s, s.responses.stream(params))
    expect(error).toMatchObject({
      name: 'StreamInterruptedError',
      giveUpReason: 'retries_exhausted',
      partial: { text: expect.any(String) },
    })
    await s.nothingIsLeft()
  })

  it("validate: 'report' reports and passes on, 'strict' throws, 'off' does nothing", async () => {
    const broken = ok.map((event) =>
      event.type === 'response.completed' ? { ...event, response: { ...(event.response as object), id: 7 } } : event,
    )
    const s = scenario([fake.respond(broken), fake.respond(broken), fake.respond(broken)])
    expect((await collected(s, s.responses.stream(params))).events).toEqual(broken)
    expect(s.events.filter((event) => event.type === 'event_problem')).toMatchObject([
      { problem: 'invalid_event', eventType: 'response.completed' },
    ])
    expect((await collected(s, s.responses.stream(params, { validate: 'strict' }))).error).toMatchObject({
      code: 'invalid_event',
    })
    await collected(s, s.responses.stream(params, { validate: 'off' }))
    expect(s.events.filter((event) => event.type === 'event_problem')).toHaveLength(1)
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('a whole response in place of a stream counts as its terminal event', async () => {
    const s = scenario([fake.status(200, { body: final as object })])
    expect((await collected(s, s.responses.stream(params))).events).toEqual([
      { type: 'response.completed', response: final },
    ])
    await s.nothingIsLeft()
  })

  it('toReadableStream() gives lines of JSON', async () => {
    const s = scenario([fake.respond(ok)])
    const text = await new Response(s.responses.stream(params).toReadableStream()).text()
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(ok)
    await s.nothingIsLeft()
  })

  it('has stream.restarted in its events only if it is enabled', () => {
    const s = scenario([])
    type EventsOf<T> = T extends AsyncIterable<infer E> ? E : never
    const plain = () => s.responses.stream(params)
    const restarting = () => s.responses.stream(params, { interruption: 'restart' })
    expectTypeOf<EventsOf<ReturnType<typeof plain>>>().toEqualTypeOf<ResponseStreamEvent>()
    expectTypeOf<EventsOf<ReturnType<typeof restarting>>>().toEqualTypeOf<ResponseStreamEvent | StreamRestartedEvent>()
  })

  it('never shows the conversation or a credential in an error', async () => {
    const s = scenario([[fake.bytes(toSSE(upToDelta)), fake.reset()].flat()], { apiKey: 'planted-key' })
    const { error } = await collected(s, s.responses.stream({ ...params, input: 'planted-prompt' }))
    const { inspect } = await import('node:util')
    expect(inspect(error, { depth: 10 }) + JSON.stringify(findResilientError(error))).not.toMatch(/planted/)
    await s.nothingIsLeft()
  })
})
