import { expect } from 'vitest'
import { ANSWER, beats, failed, said } from '../support/acts.ts'
import type { Chapter } from '../support/row.ts'

const SHAPES = {
  null: null,
  'an array': [],
  'a string': 'overloaded',
  'of wrong types': { code: 7, message: [], type: {} },
}
const FINAL = ['context_length_exceeded', 'insufficient_quota', 'invalid_prompt', 'cyber_policy_violation']
const PUSHED_BACK = { code: 'response_failed', retry: true, lane: 'pushback' }
const SLOW_DOWN = {
  type: 'error',
  sequence_number: 2,
  error: { type: 'server_error', code: 'slow_down', message: 'Slow down.' },
}
const LONG = [
  ...ANSWER.slice(0, 2),
  ...Array.from({ length: 50 }, (_, n) => ({ type: 'codex.note', n, text: 'x'.repeat(200) })),
  ...ANSWER.slice(2),
]

/** In the prelude: events came, and no output yet. */
export const PRELUDE: Chapter = {
  20: {
    title: 'created, in_progress, then EOF',
    expectation: 'retried',
    cases: [
      {
        endpoint: [{ at: 'before_event', event: 2, effect: 'eof' }, 'ok'],
        decisions: [{ code: 'stream_incomplete', retry: true, lane: 'connection' }],
      },
    ],
  },
  21: {
    title: 'created, keepalive, then slow_down',
    expectation: 'withheld, backed off, retried',
    cases: [
      {
        endpoint: [said(1, { type: 'keepalive', sequence_number: 1 }, SLOW_DOWN), 'ok'],
        decisions: [{ ...PUSHED_BACK, delayMs: 250 }],
      },
    ],
  },
  22: {
    title: 'overloaded is the first event',
    expectation: 'withheld, backed off, retried',
    cases: [
      {
        endpoint: [said(0, failed({ code: 'server_is_overloaded', message: 'Overloaded.' })), 'ok'],
        decisions: [PUSHED_BACK],
      },
    ],
  },
  23: {
    title: 'a rate limit that says how long',
    expectation: 'waited for, then retried',
    cases: [
      {
        endpoint: [
          said(
            0,
            failed({
              code: 'rate_limit_exceeded',
              message: 'Rate limit reached. Please try again in 11.054s.',
            }),
          ),
          'ok',
        ],
        decisions: [{ retry: true, lane: 'pushback', delayMs: 11_054 + 552 }],
        tookMs: [11_606, 11_650],
      },
    ],
  },
  24: {
    title: 'heartbeats for ever, never output',
    expectation: 'cut at progressMs; the drop-in has been given its headers by then',
    cases: [
      {
        time: 'flows',
        everyMs: 60_000,
        answer: (request) => (request === 1 ? [...ANSWER.slice(0, 2), ...beats(30)] : ANSWER),
        sees: {
          stream: 'answer',
          create: 'answer',
          fetch: {
            error: 'progress_timeout',
            with: { name: 'StreamInterruptedError', deadline: { name: 'progress', ms: 900_000 } },
          },
        },
        check: (stage, { events }) => {
          if (stage.face === 'fetch') expect(events.slice(0, 2)).toEqual(ANSWER.slice(0, 2))
          else expect(stage.codes).toEqual(['progress_timeout'])
        },
      },
    ],
  },
  25: {
    title: 'a failure whose error has no shape',
    expectation: 'a generic failure, no crash',
    cases: [
      {
        endpoint: [...Object.values(SHAPES).map((shape) => said(0, failed(shape))), 'ok'],
        decisions: Object.values(SHAPES).map(() => PUSHED_BACK),
      },
    ],
  },
  26: {
    title: 'a code that is final',
    expectation: 'final at once, code kept',
    cases: FINAL.map((code) => {
      const event = failed({ code, message: 'No.' })
      return {
        what: code,
        endpoint: [said(1, event)],
        decisions: [{ code: 'response_failed', retry: false, reason: 'not_retryable' }],
        sees: {
          // Nothing is shown of an answer that brought no output.
          stream: { reported: code, events: [] },
          create: { reported: code, events: [] },
          fetch: { reported: code, events: [...ANSWER.slice(0, 1), event] },
        },
        requests: 1,
        check: (stage, { failure }) => {
          if (stage.face !== 'fetch') expect(failure?.retryable).toBe(false)
        },
      }
    }),
  },
  27: {
    title: 'a prelude larger than its bound',
    expectation: 'handed over, not dropped',
    cases: [
      {
        answer: LONG,
        options: { limits: { preludeBytes: 5000 } },
        check: (stage) => {
          expect(stage.telemetry).toContainEqual(
            expect.objectContaining({ type: 'attempt_commit', reason: 'prelude_full' }),
          )
        },
      },
    ],
  },
}
