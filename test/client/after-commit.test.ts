import { describe, expect, it } from 'vitest'
import { findResilientError } from '../../src/index.ts'
import { failedStream, fake, incompleteStream, sseFrame, textStream, toSSE } from '../../src/testing/index.ts'
import { readAll, scenario } from './harness.ts'

const ok = textStream({ text: 'hello' })
const upToDelta = ok.slice(0, ok.findIndex((event) => event.type.endsWith('.delta')) + 1)
const completed = ok.at(-1) as (typeof ok)[0]
const failedEvent = {
  type: 'response.failed',
  sequence_number: 9,
  response: { id: 'r', status: 'failed', error: { code: 'insufficient_quota', message: 'no' } },
}
const errorEvent = {
  type: 'error',
  sequence_number: 8,
  error: { type: 'server_error', code: 'server_error', message: 'no', param: null },
}

describe('after the commit', () => {
  it.each([0, 200])('fault 27b: error, and response.failed %i ms later: both are kept', async (gap) => {
    const s = scenario([
      [fake.events([...upToDelta, errorEvent]), fake.delay(gap), fake.event(failedEvent), fake.stall()].flat(),
    ])
    const { value } = await s.settle(s.post())
    expect((await s.settle(readAll(value as Response))).value).toEqual({
      text: toSSE([...upToDelta, errorEvent, failedEvent]),
      error: undefined,
    })
    expect(s.clock.now()).toBeLessThan(1000)
    expect(s.events.find((event) => event.type === 'call_end')).toMatchObject({
      outcome: 'failed',
      code: 'response_failed',
    })
    await s.nothingIsLeft()
  })

  it('fault 27b: error and silence: settled within 1 s', async () => {
    const s = scenario([[fake.events([...upToDelta, errorEvent]), fake.stall()].flat()])
    const { value } = await s.settle(s.post())
    expect((await s.settle(readAll(value as Response))).value).toMatchObject({ error: undefined })
    expect(s.clock.now()).toBe(1000)
    await s.nothingIsLeft()
  })

  it.each([
    ['the error behind it', 200, true],
    ['silence', 1000, false],
  ])('fault 27b: response.failed without a reason, and %s: settled after %i ms', async (_, ms, isTold) => {
    const silent = { ...failedEvent, response: { ...failedEvent.response, error: null } }
    const more = isTold ? [fake.delay(200), fake.event(errorEvent)] : []
    const s = scenario([[fake.events([...upToDelta, silent]), more, fake.stall()].flat(2)])
    const { value } = await s.settle(s.post())
    const events = [...upToDelta, silent, ...(isTold ? [errorEvent] : [])]
    expect((await s.settle(readAll(value as Response))).value).toEqual({ text: toSSE(events), error: undefined })
    expect(s.clock.now()).toBe(ms)
    await s.nothingIsLeft()
  })

  it('fault 27b: of a retryable error and a final response.failed behind it, the richer decides', async () => {
    const s = scenario([[fake.events([errorEvent]), fake.delay(300), fake.event(failedEvent)].flat()])
    const { value } = await s.settle(s.post())
    expect((await readAll(value as Response)).text).toBe(toSSE([errorEvent, failedEvent]))
    expect(s.decisions()).toMatchObject([{ retry: false, reason: 'not_retryable' }])
    await s.nothingIsLeft()
  })

  it('fault 28: EOF before the terminal event is an interruption, never a success', async () => {
    const s = scenario([[fake.events(upToDelta), fake.eof()].flat()])
    const { value } = await s.settle(s.post())
    const { text, error } = await readAll(value as Response)
    expect(text).toBe(toSSE(upToDelta))
    expect(error).toMatchObject({ name: 'TypeError', message: 'terminated' })
    expect(findResilientError(error)).toMatchObject({
      name: 'StreamInterruptedError',
      code: 'stream_incomplete',
      lastSequenceNumber: upToDelta.length - 1,
      responseId: 'resp_test',
      giveUpReason: 'committed',
    })
    await s.nothingIsLeft()
  })

  it('fault 29: reset in the middle of an event: the bytes that came are delivered, then it fails', async () => {
    const half = sseFrame(completed).slice(0, 40)
    const s = scenario([[fake.events(upToDelta), fake.bytes(half), fake.reset()].flat()])
    const { value } = await s.settle(s.post())
    const { text, error } = await readAll(value as Response)
    expect(text).toBe(toSSE(upToDelta) + half)
    expect(findResilientError(error)).toMatchObject({ code: 'connection_reset', cause: { code: 'ECONNRESET' } })
    await s.nothingIsLeft()
  })

  it('fault 30: silence is named idle, with its value and where it came from', async () => {
    const s = scenario([[fake.events(upToDelta), fake.stall()].flat()])
    const { value } = await s.settle(s.post())
    const { value: read } = await s.settle(readAll(value as Response))
    expect(findResilientError(read?.error)).toMatchObject({
      code: 'idle_timeout',
      deadline: { name: 'idle', ms: 300_000, source: 'auto: base' },
    })
    expect(s.clock.now()).toBe(300_000)
    await s.nothingIsLeft()
  })

  it('fault 30: the wall clock of an attempt is named stale', async () => {
    const s = scenario(
      [[fake.events(upToDelta), fake.repeat(fake.events(upToDelta.slice(-1)), { everyMs: 1000 })].flat()],
      {
        timeouts: { staleMs: 60_000 },
      },
    )
    const { value } = await s.settle(s.post())
    const { value: read } = await s.settle(readAll(value as Response))
    expect(findResilientError(read?.error)).toMatchObject({ code: 'stale_timeout', deadline: { source: 'option' } })
    await s.nothingIsLeft()
  })

  it('fault 31: response.completed on a socket kept open: done at once', async () => {
    const s = scenario([fake.respond(ok, { keepOpen: true })])
    const { value } = await s.settle(s.post())
    expect((await readAll(value as Response)).text).toBe(toSSE(ok))
    expect(s.clock.now()).toBe(0)
    await s.nothingIsLeft()
  })

  it('fault 32: response.failed on a socket kept open: failed at once with its own code', async () => {
    const events = failedStream({ code: 'server_error', message: 'no' })
    const s = scenario([[fake.respond([...upToDelta, ...events.slice(-1)], { keepOpen: true })].flat()])
    const { value } = await s.settle(s.post())
    expect((await readAll(value as Response)).error).toBeUndefined()
    expect(s.events.find((event) => event.type === 'attempt_end')).toMatchObject({
      record: { code: 'response_failed' },
    })
    await s.nothingIsLeft()
  })

  it('fault 33: an error after the terminal event is ignored', async () => {
    const s = scenario([[fake.events(ok), fake.reset()].flat()])
    const { value } = await s.settle(s.post())
    expect(await readAll(value as Response)).toEqual({ text: toSSE(ok), error: undefined })
    await s.nothingIsLeft()
  })

  it('fault 34: response.incomplete is a result with a reason', async () => {
    const events = incompleteStream()
    const s = scenario([fake.respond(events)])
    expect((await readAll((await s.settle(s.post())).value as Response)).text).toBe(toSSE(events))
    expect(s.events.find((event) => event.type === 'call_end')).toMatchObject({ outcome: 'completed' })
    await s.nothingIsLeft()
  })

  it('fault 50: malformed JSON after the commit: the frames before it are delivered, then an interruption', async () => {
    const s = scenario([
      [
        fake.events(upToDelta),
        fake.bytes(`${sseFrame(upToDelta.at(-1) as (typeof ok)[0])}data: {"type": oops}\n\n`),
      ].flat(),
    ])
    const { value } = await s.settle(s.post())
    const { text, error } = await readAll(value as Response)
    expect(text).toBe(toSSE([...upToDelta, upToDelta.at(-1) as (typeof ok)[0]]))
    expect(findResilientError(error)).toMatchObject({ code: 'malformed_event', giveUpReason: 'committed' })
    await s.nothingIsLeft()
  })

  it('ends right after the terminal event, whatever follows it in the same read', async () => {
    const s = scenario([fake.bytes(`${toSSE(ok)}data: [DONE]\n\n<html>`)])
    expect((await readAll((await s.settle(s.post())).value as Response)).text).toBe(toSSE(ok))
    await s.nothingIsLeft()
  })

  it('a complete terminal event that lacks its blank line gets it', async () => {
    const s = scenario([fake.bytes(toSSE(ok).trimEnd())])
    expect((await readAll((await s.settle(s.post())).value as Response)).text).toBe(toSSE(ok))
    await s.nothingIsLeft()
  })

  it("streamFailure: 'sse_error' ends with an error event behind the last whole frame", async () => {
    const half = sseFrame(completed).slice(0, 40)
    const s = scenario([[fake.events(upToDelta), fake.bytes(half), fake.reset()].flat()], {
      streamFailure: 'sse_error',
    })
    const { text, error } = await readAll((await s.settle(s.post())).value as Response)
    expect(error).toBeUndefined()
    expect(text.startsWith(toSSE(upToDelta))).toBe(true)
    const last = JSON.parse(text.slice(toSSE(upToDelta).length).split('data: ')[1] as string)
    expect(last).toMatchObject({
      type: 'error',
      sequence_number: upToDelta.length,
      error: { code: 'connection_reset' },
    })
    expect(text).not.toContain(half)
    await s.nothingIsLeft()
  })

  it('fault 62: a consumer that does not read for minutes meets no false timeout, and the endpoint is held back', async () => {
    const s = scenario([fake.respond(ok, { everyMs: 1000 })], { timeouts: { idleMs: 30_000, progressMs: 30_000 } })
    const { value } = await s.settle(s.post())
    await s.clock.advance(600_000)
    expect(s.transport.stats().openExchanges).toBe(1)
    expect((await s.settle(readAll(value as Response))).value).toEqual({ text: toSSE(ok), error: undefined })
    await s.nothingIsLeft()
  })

  it('a body that nobody reads is freed by staleMs', async () => {
    const s = scenario([fake.respond(ok, { everyMs: 1000 })], { timeouts: { staleMs: 100_000 } })
    await s.settle(s.post())
    await s.clock.advance(100_000)
    await s.nothingIsLeft({ allowHangUp: true })
  })
})
