/** The watchdog of the incident "dead on arrival", to the millisecond: what it cuts, and what it must never cut. */
import { describe, expect, it } from 'vitest'
import { findResilientError } from '../../src/index.ts'
import { fake, reasoningStream, type StreamEvent, textStream, toolCallStream, toSSE } from '../../src/testing/index.ts'
import { readAll, scenario } from '../client/harness.ts'

const ANSWER = textStream({ text: 'Here I am.' })
const MINUTE = 60_000

/** Off, so that only the deadline under test can be what cuts, or does not. */
const UNBOUNDED_CALL = { commitAfterMs: 0, beforeCommitMs: 0 }

describe('silence before the first event', () => {
  it('fails with a retriable error that names TTFB, never with a name that hosts take for an abort', async () => {
    const s = scenario([fake.stall()], { maxRetries: 0, timeouts: { ttfbMs: 12_345 } })
    const { error } = await s.settle(s.post())
    const ours = findResilientError(error)
    expect(ours).toMatchObject({
      code: 'ttfb_timeout',
      retryable: true,
      deadline: { name: 'ttfb', ms: 12_345, source: 'option' },
      cause: { code: 'ETIMEDOUT' },
    })
    expect(ours?.message).toMatch(/timed out.*ttfb deadline of 12\.3 s \(option\)/)
    for (let at = error; at instanceof Error; at = at.cause as Error) {
      expect(['AbortError', 'TimeoutError']).not.toContain(at.name)
    }
    await s.nothingIsLeft()
  })

  it('is never cut with ttfbMs 0', async () => {
    const s = scenario([[fake.delay(29 * MINUTE), fake.respond(ANSWER)].flat()], {
      ...UNBOUNDED_CALL,
      timeouts: { ttfbMs: 0 },
    })
    const { value } = await s.settle(s.post())
    expect((await readAll(value as Response)).text).toBe(toSSE(ANSWER))
    expect(s.clock.now()).toBe(29 * MINUTE)
    await s.nothingIsLeft()
  })

  it('is no silence to a call that does not stream: its headers come after the generation', async () => {
    const s = scenario([[fake.delay(29 * MINUTE), fake.status(200, { body: { id: 'resp_1' } })].flat()], {
      timeouts: { ttfbMs: 1000 },
    })
    const { value } = await s.settle(s.post({ stream: false }))
    expect(await (value as Response).json()).toEqual({ id: 'resp_1' })
    await s.nothingIsLeft()
  })
})

/** One event of each kind that may come first; the rest of a whole answer follows. */
const FIRST_EVENTS: ReadonlyArray<readonly [string, StreamEvent]> = [
  ['response.created', ANSWER[0] as StreamEvent],
  ['a heartbeat', { type: 'keepalive', sequence_number: 0 }],
  ['an unknown event', { type: 'codex.rate_limits', sequence_number: 0 }],
  ['a reasoning item', named(reasoningStream(), 'response.output_item.added')],
  ['a reasoning delta', named(reasoningStream(), 'response.reasoning_summary_text.delta')],
  ['a tool call item', named(toolCallStream(), 'response.output_item.added')],
  ['a delta of tool call arguments', named(toolCallStream(), 'response.function_call_arguments.delta')],
]

function named(events: readonly StreamEvent[], type: string): StreamEvent {
  return events.find((event) => event.type === type) as StreamEvent
}

describe('once any event has come, TTFB is over', () => {
  it.each(FIRST_EVENTS)('%s', async (_name, first) => {
    const script = [fake.event(first), fake.delay(25 * MINUTE), fake.events(ANSWER)].flat()
    const s = scenario([script], { ...UNBOUNDED_CALL, timeouts: { ttfbMs: 1000, idleMs: 0, progressMs: 0 } })
    const { value } = await s.settle(s.post())
    const read = await s.settle(readAll(value as Response))
    expect(read.value).toEqual({ text: toSSE([first, ...ANSWER]), error: undefined })
    expect(s.clock.now()).toBe(25 * MINUTE)
    expect(s.decisions()).toEqual([])
    await s.nothingIsLeft()
  })

  it.each([
    ['reasoning only', reasoningStream()],
    ['tool calls only', toolCallStream()],
  ])('a long generation of %s is left alone', async (_name, events) => {
    const s = scenario([fake.respond(events, { everyMs: 44_999 })], { timeouts: { ttfbMs: 45_000 } })
    const { value } = await s.settle(s.post())
    expect((await s.settle(readAll(value as Response))).value).toEqual({ text: toSSE(events), error: undefined })
    await s.nothingIsLeft()
  })

  it('and what cuts a later silence is another deadline, which names itself', async () => {
    const s = scenario([[fake.events(ANSWER.slice(0, 2)), fake.stall()].flat()], { maxRetries: 0 })
    const { error } = await s.settle(s.post().then((response) => response.text()))
    expect(findResilientError(error)).toMatchObject({ code: 'idle_timeout', deadline: { name: 'idle', ms: 300_000 } })
    await s.nothingIsLeft()
  })
})
