import { describe, expect, it } from 'vitest'
import { findResilientError } from '../../src/index.ts'
import { failedStream, fake, textStream, toSSE } from '../../src/testing/index.ts'
import { readAll, scenario } from './harness.ts'

const ok = textStream({ text: 'hello' })
const [created] = ok as [(typeof ok)[0]]
const keepalive = { type: 'keepalive', sequence_number: 2 }
describe('in the prelude', () => {
  it('retries spent on a withheld failure: the events of that last attempt are handed over, failure included', async () => {
    const events = failedStream({ code: 'server_error', message: 'no' })
    const s = scenario([fake.respond(events), fake.respond(events)], { maxRetries: 1 })
    const { value } = await s.settle(s.post())
    expect(value?.status).toBe(200)
    expect((await readAll(value as Response)).text).toBe(toSSE(events))
    await s.nothingIsLeft()
  })

  it("commit: 'first_event' hands over at the first event of any kind, and nothing is retried afterwards", async () => {
    const s = scenario([[fake.event(created), fake.delay(10), fake.reset()].flat()], { commit: 'first_event' })
    const { value } = await s.settle(s.post())
    const { value: read } = await s.settle(readAll(value as Response))
    expect(read?.text).toBe(toSSE([created]))
    expect(findResilientError(read?.error)).toMatchObject({ code: 'connection_reset', responseId: expect.any(String) })
    await s.nothingIsLeft()
  })

  it('background and store hand over at the first event that carries the id', async () => {
    const s = scenario([[fake.event(keepalive), fake.event(created), fake.delay(10), fake.reset()].flat()])
    const { value } = await s.settle(s.post({ background: true, store: true }))
    expect(findResilientError((await s.settle(readAll(value as Response))).value?.error)?.responseId).toBeTypeOf(
      'string',
    )
    expect(s.transport.requests).toHaveLength(1)
    await s.nothingIsLeft()
  })

  it('an endpoint that ignores stream: true is handed on as the stream that its answer amounts to', async () => {
    const s = scenario([fake.status(200, { body: { object: 'response', id: 'r', error: null } })])
    const text = await (await s.settle(s.post())).value?.text()
    expect(text?.match(/(?<=^event: ).*/gm)).toEqual(['response.created', 'response.completed'])
    expect(text).toContain('"id":"r"')
    await s.nothingIsLeft()
  })

  it('an event above limits.eventBytes is final: it would come again', async () => {
    const s = scenario([fake.bytes(`data: {"type":"response.created","x":"${'y'.repeat(5000)}"}\n\n`)], {
      limits: { eventBytes: 1000 },
    })
    expect(findResilientError((await s.settle(s.post())).error)).toMatchObject({
      code: 'event_too_large',
      retryable: false,
    })
    await s.nothingIsLeft()
  })
})

describe('the prelude of an attempt without retries', () => {
  const lost = {
    type: 'response.failed',
    response: {
      id: 'r',
      status: 'failed',
      error: { code: 'previous_response_not_found', param: 'previous_response_id', message: 'not found' },
    },
  }
  const read = async (s: ReturnType<typeof scenario>, body: object) =>
    (await s.settle(readAll((await s.settle(s.post(body))).value as Response))).value

  it('is held for a continuation that the hook can rebuild: nothing of the lost one is seen', async () => {
    const s = scenario([fake.events([created, lost]), fake.respond(ok)], {
      maxRetries: 0,
      onPreviousResponseNotFound: ({ request }) => ({ ...request.body, previous_response_id: undefined }),
    })
    expect(await read(s, { previous_response_id: 'resp_1' })).toEqual({ text: toSSE(ok), error: undefined })
    await s.nothingIsLeft()
  })

  it('is held for a continuation that is sent a second time after a lost attempt', async () => {
    const s = scenario([fake.reset(), fake.events([created, lost]), fake.respond(ok)], { maxRetries: 1 })
    expect(await read(s, { previous_response_id: 'resp_1' })).toEqual({ text: toSSE(ok), error: undefined })
    await s.nothingIsLeft()
  })

  it('is handed over where nothing can save the call', async () => {
    const s = scenario([fake.events([created, lost])], { maxRetries: 0 })
    const { text } = (await read(s, { previous_response_id: 'resp_1' })) ?? {}
    expect(text?.startsWith(toSSE([created]))).toBe(true)
    await s.nothingIsLeft()
  })

  it('is held while a hedge may take the place of its attempt', async () => {
    // The first is a lost one: it says that the response exists, and fails. The hedge brings the answer.
    const s = scenario(
      [[fake.delay(30_000), fake.events([created]), fake.reset()].flat(), [fake.delay(5000), fake.respond(ok)].flat()],
      {
        maxRetries: 0,
        hedge: { afterMs: 10_000 },
        baseURL: 'https://api.test/v1',
      },
    )
    expect((await read(s, {}))?.text).toBe(toSSE(ok))
    await s.nothingIsLeft({ allowHangUp: true })
  })
})
