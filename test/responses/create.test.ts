import { describe, expect, it } from 'vitest'
import { ResponseFailedError } from '../../src/index.ts'
import { failedStream, fake, incompleteStream, textStream } from '../../src/testing/index.ts'
import { scenario } from './harness.ts'

const ok = textStream({ text: 'hello' })
const final = ok.at(-1)?.response as object
const params = { model: 'm', input: 'hi' }

describe('client.responses.create', () => {
  it('streams inside and gives the whole response', async () => {
    const s = scenario([fake.respond(ok)])
    const { value } = await s.settle(s.responses.create(params))
    expect(value).toEqual(final)
    expect(value?.output_text).toBe('hello')
    expect(JSON.stringify(value)).not.toContain('output_text":')
    expect(s.transport.requests[0]?.json).toMatchObject({ stream: true })
    await s.nothingIsLeft()
  })

  it.each([
    ['https://x.test/openai/v1?api-version=1', 'https://x.test/openai/v1/responses?api-version=1'],
    ['https://x.test/openai/v1/?api-version=a%20b&x=', 'https://x.test/openai/v1/responses?api-version=a%20b&x='],
    ['https://x.test?api-version=1', 'https://x.test/responses?api-version=1'],
    ['https://x.test/v1//', 'https://x.test/v1/responses'],
    ['https://x.test/v1#here', 'https://x.test/v1/responses'],
  ])('appends its path to that of the base, and keeps the query: %s', async (baseURL, address) => {
    const s = scenario([fake.respond(ok)], { baseURL })
    expect((await s.settle(s.responses.create(params))).error).toBeUndefined()
    expect(s.transport.requests.map(({ url }) => url)).toEqual([address])
    await s.nothingIsLeft()
  })

  it('reports deltas with the number of their attempt, and a restart before they repeat', async () => {
    const upToDelta = ok.slice(0, ok.findIndex((event) => event.type.endsWith('.delta')) + 1)
    const s = scenario([[fake.events(upToDelta), fake.reset()].flat(), fake.respond(ok)])
    const told: string[] = []
    await s.settle(
      s.responses.create(params, {
        onDelta: ({ event, attempt }) => told.push(`${attempt} ${(event as { delta?: string }).delta}`),
        onRestart: ({ attempt }) => told.push(`restart ${attempt}`),
      }),
    )
    expect(told[0]).toMatch(/^1 /)
    expect(told[1]).toBe('restart 2')
    expect(told.slice(2).every((line) => line.startsWith('2 '))).toBe(true)
    await s.nothingIsLeft()
  })

  it('retries a failure that the endpoint reports after output, because nothing was shown', async () => {
    const late = failedStream({ code: 'server_error', message: 'no' }).slice(-1)
    const s = scenario([fake.respond([...ok.slice(0, 6), ...late]), fake.respond(ok)], { random: () => 0 })
    expect((await s.settle(s.responses.create(params))).value).toEqual(final)
    await s.nothingIsLeft()
  })

  it('throws for a failed response, with the response on the error', async () => {
    const s = scenario([fake.respond(failedStream({ code: 'invalid_prompt', message: 'no' }))])
    const { error } = await s.settle(s.responses.create(params))
    expect(error).toBeInstanceOf(ResponseFailedError)
    expect((error as ResponseFailedError).response).toMatchObject({
      status: 'failed',
      error: { code: 'invalid_prompt' },
    })
    await s.nothingIsLeft()
  })

  it('gives an incomplete response as a result', async () => {
    const s = scenario([fake.respond(incompleteStream())])
    expect((await s.settle(s.responses.create(params))).value).toMatchObject({ status: 'incomplete' })
    await s.nothingIsLeft()
  })

  it('with background: true gives the queued response at once', async () => {
    const s = scenario([fake.status(200, { body: { id: 'r', status: 'queued' } })])
    expect((await s.settle(s.responses.create({ ...params, background: true }))).value).toEqual({
      id: 'r',
      status: 'queued',
    })
    expect(s.transport.requests[0]?.json).not.toHaveProperty('stream')
    await s.nothingIsLeft()
  })

  it('an error thrown by onDelta ends the call', async () => {
    const s = scenario([fake.respond(ok, { everyMs: 10 })])
    const thrown = new Error('mine')
    const { error } = await s.settle(
      s.responses.create(params, {
        onDelta: () => {
          throw thrown
        },
      }),
    )
    expect(error).toBe(thrown)
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it("the caller's signal ends it with its reason", async () => {
    const s = scenario([fake.stall()])
    const created = s.responses.create(params, { signal: s.controller.signal })
    created.catch(() => {})
    await s.clock.settle()
    s.controller.abort('enough')
    await expect(created).rejects.toBe('enough')
    await s.nothingIsLeft()
  })

  it('refuses stream: true, and stream() refuses stream: false', async () => {
    const s = scenario([])
    await expect(s.responses.create({ ...params, stream: true })).rejects.toThrow(/Use stream\(\)/)
    expect(() => s.responses.stream({ ...params, stream: false })).toThrow(/Use create\(\)/)
  })
})
