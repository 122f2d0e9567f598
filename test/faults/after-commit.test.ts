import { expect } from 'vitest'
import { StreamInterruptedError } from '../../src/index.ts'
import { incompleteStream, type JsonObject, sseFrame, textStream, toSSE } from '../../src/testing/index.ts'
import type { Fault } from '../../src/testing/server.ts'
import { fault } from './support/fault.ts'
import type { Outcome } from './support/outcome.ts'
import { ANSWER, FIRST_DELTA, type Stage } from './support/stage.ts'

/** In the middle of the output. */
const BROKEN = { at: 'before_event', event: FIRST_DELTA + 2 } as const
const HEARD = ANSWER.slice(0, BROKEN.event)
const NO = { code: 'context_length_exceeded', message: 'Too long.' }
const ERROR = { type: 'error', sequence_number: BROKEN.event, error: { type: 'invalid_request_error', ...NO } }
const FAILED = {
  type: 'response.failed',
  sequence_number: BROKEN.event + 1,
  response: { id: 'resp_1', status: 'failed', error: NO },
}
const events = (...list: JsonObject[]): Fault => ({ ...BROKEN, effect: 'event', events: list })
const STALL: Fault = { ...BROKEN, effect: 'stall' }

/** `create()` has shown nothing and asks again; of the others the stream was interrupted behind what they had. */
function expectInterrupted(stage: Stage, outcome: Outcome, code: string, heard: readonly JsonObject[] = HEARD): void {
  if (stage.face === 'create') {
    stage.expectWhole(outcome)
    return
  }
  const error = stage.expectFailed(outcome, code)
  expect(error).toBeInstanceOf(StreamInterruptedError)
  expect(error).toMatchObject({ giveUpReason: 'committed', phase: 'committed' })
  expect(outcome.events).toEqual(heard)
  if (stage.face === 'stream') {
    const text = heard.flatMap(({ type, delta }) => (type === 'response.output_text.delta' ? [delta] : [])).join('')
    expect((error as StreamInterruptedError).partial?.text).toBe(text)
  }
}

/** The endpoint's own failure comes out, its events handed over by those that show events. */
function expectReported(stage: Stage, outcome: Outcome, last: readonly JsonObject[]): void {
  if (stage.face !== 'create') expect(outcome.events).toEqual([...HEARD, ...last])
  if (stage.face === 'fetch') expect(outcome.error).toBeUndefined()
  else expect(outcome.failure).toMatchObject({ code: 'response_failed', upstreamCode: NO.code })
  expect(stage.server.requests).toHaveLength(1)
}

fault('27b: error, and response.failed 200 ms later', {}, async (stage) => {
  stage.server.script([[events(ERROR), { ...BROKEN, effect: 'delay', ms: 200 }, events(FAILED), STALL]])
  expectReported(stage, await stage.call(), [ERROR, FAILED])
})

fault('27b: error, and silence', {}, async (stage) => {
  const start = stage.clock.now()
  stage.server.script([[events(ERROR), STALL]])
  expectReported(stage, await stage.call(), [ERROR])
  expect(stage.clock.now() - start).toBeLessThan(2000)
})

fault('28: EOF before the terminal event', {}, async (stage) => {
  stage.scriptInterruption({ ...BROKEN, effect: 'eof' })
  expectInterrupted(stage, await stage.call(), 'stream_incomplete')
})

fault('29: reset in the middle of an event', {}, async (stage) => {
  stage.scriptInterruption({ ...BROKEN, at: 'inside_event', effect: 'reset' })
  const outcome = await stage.call()
  const code = outcome.failure?.code ?? ''
  expectInterrupted(stage, outcome, code)
  if (stage.face === 'create') return
  expect(code).toMatch(/^connection_(?:reset|closed)$/)
  if (stage.face !== 'fetch') return
  // The bytes that came, the half event included.
  expect(toSSE(ANSWER).startsWith(outcome.text ?? '')).toBe(true)
  expect(outcome.text?.length).toBeGreaterThan(toSSE(HEARD).length)
})

for (const [effect, codes] of [
  ['half_close', /^stream_incomplete$/],
  ['reset', /^(?:stream_incomplete|connection_reset|connection_closed)$/],
] as const) {
  const how = effect === 'reset' ? 'RST' : 'FIN'
  fault(
    `29: a body that ends with its connection is cut by ${how}`,
    { server: { framing: 'until_close' } },
    async (stage) => {
      stage.scriptInterruption({ ...BROKEN, effect })
      const outcome = await stage.call()
      expectInterrupted(stage, outcome, outcome.failure?.code ?? '')
      if (stage.face !== 'create') expect(outcome.failure?.code).toMatch(codes)
    },
  )
}

fault('30: silence is idle', {}, async (stage) => {
  stage.scriptInterruption(STALL)
  const outcome = await stage.call()
  expectInterrupted(stage, outcome, 'idle_timeout')
  if (stage.face !== 'create')
    expect(outcome.failure).toMatchObject({ deadline: { name: 'idle', ms: 300_000, source: 'auto: base' } })
})

const BEATS = Array.from({ length: 40 }, () => ({ type: 'keepalive', sequence_number: 9 }))
fault(
  '30: heartbeats and no output is progress',
  {
    time: 'flows',
    server: (clock) => ({
      clock,
      waitMs: 0,
      eventDelayMs: 60_000,
      respond: ({ number }) => (number === 1 ? [...HEARD, ...BEATS] : ANSWER),
    }),
  },
  async (stage) => {
    const outcome = await stage.call()
    const beats = outcome.events.length - HEARD.length
    expectInterrupted(stage, outcome, 'progress_timeout', [...HEARD, ...BEATS.slice(0, beats)])
    if (stage.face !== 'create')
      expect(outcome.failure).toMatchObject({ deadline: { name: 'progress', ms: 900_000, source: 'default' } })
  },
)

fault(
  '30: the wall clock of an attempt is stale',
  { options: { timeouts: { idleMs: 0, progressMs: 0 } } },
  async (stage) => {
    stage.scriptInterruption(STALL)
    const outcome = await stage.call()
    expectInterrupted(stage, outcome, 'stale_timeout')
    if (stage.face !== 'create') expect(outcome.failure).toMatchObject({ deadline: { name: 'stale', ms: 1_800_000 } })
  },
)

fault('31: completed, and the socket is kept open', {}, async (stage) => {
  const start = stage.clock.now()
  stage.server.script([{ at: 'after_terminal', effect: 'stall' }])
  stage.expectWhole(await stage.call())
  expect(stage.clock.now() - start).toBeLessThan(5000)
})

fault('32: failed, and the socket is kept open', {}, async (stage) => {
  const start = stage.clock.now()
  stage.server.script([[events(FAILED), STALL]])
  expectReported(stage, await stage.call(), [FAILED])
  expect(stage.clock.now() - start).toBeLessThan(5000)
})

fault('33: an error behind the terminal event', {}, async (stage) => {
  stage.server.script([{ at: 'after_terminal', effect: 'reset' }])
  stage.expectWhole(await stage.call())
  expect(stage.codes).toEqual([])
})

fault('34: incomplete is a result with a reason', { server: { respond: () => incompleteStream() } }, async (stage) => {
  const outcome = await stage.call()
  expect(outcome.error).toBeUndefined()
  expect(outcome.response).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } })
  expect(stage.server.requests).toHaveLength(1)
})

fault('39: restart', { faces: ['stream'], options: { interruption: 'restart' } }, async (stage) => {
  const second = textStream({ id: 'resp_second', text: 'another answer' })
  stage.server.script([
    { ...BROKEN, effect: 'reset' },
    [
      {
        at: 'headers',
        effect: 'garbage',
        bytes: `HTTP/1.1 200 OK\r\n\r\n${second.map(sseFrame).join('')}`,
        next: 'close',
      },
    ],
  ])
  const { events: seen, response, error } = await stage.call()
  expect(error).toBeUndefined()
  expect(seen).toEqual([...HEARD, { type: 'stream.restarted', attempt: 2 }, ...second])
  expect(response).toMatchObject({ id: 'resp_second', status: 'completed' })
})
