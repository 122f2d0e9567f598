import { describe, expect, expectTypeOf, it } from 'vitest'
import type { ResponseObject, ResponseStreamEvent } from '../../src/index.ts'
import { fake, textStream } from '../../src/testing/index.ts'
import { scenario } from './harness.ts'

const params = { model: 'm', input: 'hi' }
const ok = textStream({ text: 'Hello world' })
const upToDelta = ok.slice(0, ok.findIndex(({ type }) => type.endsWith('.delta')) + 1)
const broken = [[fake.events(upToDelta), fake.stall()].flat()]

describe('the iterator of a stream', () => {
  it('is iterable: a loop continues after next()', async () => {
    const s = scenario([fake.respond(ok, { everyMs: 10 })])
    const iterator = s.responses.stream(params)[Symbol.asyncIterator]()
    const seen: ResponseStreamEvent[] = []
    const reading = async (): Promise<void> => {
      const first = await iterator.next()
      if (!first.done) seen.push(first.value)
      for await (const event of iterator) seen.push(event)
    }
    expect((await s.settle(reading())).error).toBeUndefined()
    expect(seen).toEqual(ok)
    expect(iterator[Symbol.asyncIterator]()).toBe(iterator)
    await s.nothingIsLeft()
  })

  it('frees the connection at the end of an `await using` block', async () => {
    const s = scenario(broken)
    const stream = s.responses.stream(params)
    const reading = async (): Promise<void> => {
      await using iterator = stream[Symbol.asyncIterator]()
      await iterator.next()
    }
    expect((await s.settle(reading())).error).toBeUndefined()
    await expect(stream.finalResponse()).rejects.toMatchObject({ code: 'stream_abandoned' })
    await s.nothingIsLeft({ allowHangUp: true })
  })
})

describe('`await using` of a stream', () => {
  it('that was partly read frees its connection when the block ends early', async () => {
    const s = scenario(broken)
    const reading = async (): Promise<string> => {
      await using stream = s.responses.stream(params)
      for await (const event of stream) if (event.type.endsWith('.delta')) return event.type
      return 'nothing'
    }
    expect((await s.settle(reading())).value).toBe('response.output_text.delta')
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('that was not read ends the call, and finalResponse() says why', async () => {
    const s = scenario([fake.stall()])
    const stream = s.responses.stream(params)
    await s.clock.settle()
    await stream[Symbol.asyncDispose]()
    await stream[Symbol.asyncDispose]()
    await expect(stream.finalResponse()).rejects.toMatchObject({ code: 'stream_abandoned' })
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('changes nothing after the end: the final response stays, and an error is not thrown twice', async () => {
    const s = scenario([fake.respond(ok), fake.status(400)])
    const whole = async (): Promise<[ResponseObject, ResponseObject]> => {
      await using stream = s.responses.stream(params)
      const response = await stream.finalResponse()
      await stream[Symbol.asyncDispose]()
      return [response, await stream.finalResponse()]
    }
    const { value } = await s.settle(whole())
    expect(value?.[0]).toEqual(value?.[1])
    const refused = s.responses.stream(params)
    expect((await s.settle(refused.finalResponse())).error).toMatchObject({ status: 400 })
    await refused[Symbol.asyncDispose]()
    await expect(refused.finalResponse()).rejects.toMatchObject({ status: 400 })
    await s.nothingIsLeft()
  })
})

describe('requestId', () => {
  const answered = (id: string, events = ok) => fake.respond(events, { headers: { 'x-request-id': id } })

  it('is on a stream as soon as it is answered, and on its final response, not enumerable', async () => {
    const s = scenario([answered('req_1')])
    const stream = s.responses.stream(params)
    expect(stream.requestId).toBeUndefined()
    const iterator = stream[Symbol.asyncIterator]()
    await s.settle(iterator.next())
    expect(stream.requestId).toBe('req_1')
    const rest = async (): Promise<ResponseObject> => {
      for await (const _ of iterator);
      return stream.finalResponse()
    }
    const response = (await s.settle(rest())).value as ResponseObject
    expect(response.requestId).toBe('req_1')
    expect(Object.keys(response)).not.toContain('requestId')
    expect(JSON.stringify(response)).not.toContain('req_1')
    expectTypeOf(response.requestId).toEqualTypeOf<string | undefined>()
    await s.nothingIsLeft()
  })

  it('is that of the attempt whose answer is the result', async () => {
    const s = scenario([fake.status(503, { headers: { 'x-request-id': 'req_refused' } }), answered('req_2')])
    const { value } = await s.settle(s.responses.create(params))
    expect(value?.requestId).toBe('req_2')
    await s.nothingIsLeft()
  })

  it('is on what retrieve() and cancel() return; a field of the same name in the body stays as it came', async () => {
    const body = { id: 'resp_1', object: 'response', status: 'completed', output: [] }
    const s = scenario([
      fake.status(200, { body, headers: { 'x-request-id': 'req_3' } }),
      fake.status(200, { body: { ...body, requestId: 'of the gateway' }, headers: { 'x-request-id': 'req_4' } }),
    ])
    expect((await s.settle(s.responses.retrieve('resp_1'))).value?.requestId).toBe('req_3')
    const cancelled = (await s.settle(s.responses.cancel('resp_1'))).value
    expect(cancelled?.requestId).toBe('of the gateway')
    expect(Object.keys(cancelled ?? {})).toContain('requestId')
    await s.nothingIsLeft()
  })

  it('of a stream that failed is that of the last attempt that was answered', async () => {
    const s = scenario([fake.status(400, { headers: { 'x-request-id': 'req_5' } }), fake.stall()])
    const stream = s.responses.stream(params)
    await s.settle(stream.finalResponse())
    expect(stream.requestId).toBe('req_5')
    const silent = s.responses.stream(params)
    await s.clock.settle()
    silent.abort()
    expect(silent.requestId).toBeUndefined()
    await s.nothingIsLeft({ allowHangUp: true })
  })
})
