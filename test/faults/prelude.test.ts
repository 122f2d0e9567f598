import { expect } from 'vitest'
import type { JsonObject } from '../../src/testing/index.ts'
import type { Fault } from '../../src/testing/server.ts'
import { fault } from './support/fault.ts'
import { ANSWER } from './support/stage.ts'

/** The events that came before, then nothing more, on a socket that stays open. */
const said = (event: number, ...events: JsonObject[]): Fault[] => [
  { at: 'before_event', event, effect: 'event', events },
  { at: 'before_event', event, effect: 'stall' },
]
const failed = (error: unknown): JsonObject => ({
  type: 'response.failed',
  sequence_number: 0,
  response: { id: 'resp_failed', status: 'failed', error },
})

fault('20: created, in_progress, then EOF', {}, async (stage) => {
  stage.server.script([{ at: 'before_event', event: 2, effect: 'eof' }, 'ok'])
  stage.expectWhole(await stage.call())
  expect(stage.codes).toEqual(['stream_incomplete'])
})

fault('21: created, keepalive, then slow_down', {}, async (stage) => {
  const error = {
    type: 'error',
    sequence_number: 2,
    error: { type: 'server_error', code: 'slow_down', message: 'Slow down.' },
  }
  stage.server.script([said(1, { type: 'keepalive', sequence_number: 1 }, error), 'ok'])
  stage.expectWhole(await stage.call())
  expect(stage.decisions).toMatchObject([{ code: 'response_failed', lane: 'pushback', delayMs: 250 }])
})

fault('22: overloaded is the first event', {}, async (stage) => {
  stage.server.script([said(0, failed({ code: 'server_is_overloaded', message: 'Overloaded.' })), 'ok'])
  stage.expectWhole(await stage.call())
  expect(stage.decisions).toMatchObject([{ code: 'response_failed', lane: 'pushback' }])
})

fault('23: a rate limit that says how long', {}, async (stage) => {
  const error = { code: 'rate_limit_exceeded', message: 'Rate limit reached. Please try again in 11.054s.' }
  stage.server.script([said(0, failed(error)), 'ok'])
  stage.expectWhole(await stage.call())
  expect(stage.decisions).toMatchObject([{ lane: 'pushback', delayMs: 11_054 + 552 }])
})

const BEATS: JsonObject[] = [
  ...ANSWER.slice(0, 2),
  ...Array.from({ length: 30 }, () => ({ type: 'keepalive', sequence_number: 1 })),
]
fault(
  '24: heartbeats for ever, never output',
  {
    time: 'flows',
    server: (clock) => ({
      clock,
      waitMs: 0,
      eventDelayMs: 60_000,
      respond: ({ number }) => (number === 1 ? BEATS : ANSWER),
    }),
  },
  async (stage) => {
    const outcome = await stage.call()
    if (stage.face === 'fetch') {
      // Its host stops waiting for headers: it has been given them.
      expect(stage.expectFailed(outcome, 'progress_timeout').name).toBe('StreamInterruptedError')
      expect(outcome.events.slice(0, 3)).toEqual(BEATS.slice(0, 3))
    } else {
      stage.expectWhole(outcome)
      expect(stage.codes).toEqual(['progress_timeout'])
    }
  },
)

const SHAPES = [null, [], 'overloaded', { code: 7, message: [], type: {} }]
fault('25: a failure whose error has no shape', {}, async (stage) => {
  stage.server.script([...SHAPES.map((shape) => said(0, failed(shape))), 'ok'])
  stage.expectWhole(await stage.call())
  expect(stage.codes).toEqual(SHAPES.map(() => 'response_failed'))
})

const FINAL = ['context_length_exceeded', 'insufficient_quota', 'invalid_prompt', 'cyber_policy_violation']
fault('26: a code that is final', {}, async (stage) => {
  stage.server.script(FINAL.map((code) => said(1, failed({ code, message: 'No.' }))))
  for (const code of FINAL) {
    const { failure, events, error } = await stage.call()
    if (stage.face === 'fetch') {
      expect(error).toBeUndefined()
      expect(events.at(-1)).toEqual(failed({ code, message: 'No.' }))
    } else expect(failure).toMatchObject({ code: 'response_failed', upstreamCode: code, retryable: false })
  }
  expect(stage.server.requests).toHaveLength(FINAL.length)
})

const LONG = Array.from({ length: 50 }, (_, n) => ({
  type: 'codex.note',
  n,
  text: 'x'.repeat(200),
}))
const LONG_ANSWER = [...ANSWER.slice(0, 2), ...LONG, ...ANSWER.slice(2)]
fault(
  '27: a prelude larger than its bound',
  { server: { respond: () => LONG_ANSWER }, options: { limits: { preludeBytes: 5000 } } },
  async (stage) => {
    stage.expectWhole(await stage.call(), LONG_ANSWER)
    expect(stage.telemetry).toContainEqual(expect.objectContaining({ type: 'attempt_commit', reason: 'prelude_full' }))
  },
)
