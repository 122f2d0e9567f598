import { expect } from 'vitest'
import { incompleteStream, type JsonObject, textStream, toSSE } from '../../../src/testing/index.ts'
import type { Fault } from '../../../src/testing/server.ts'
import { ANSWER, BROKEN, beats, HEARD, STALLED_OUTPUT, send, wait } from '../support/acts.ts'
import type { Case, Chapter } from '../support/row.ts'

const AT = BROKEN.event
const NO = { code: 'context_length_exceeded', message: 'Too long.' }
const ERROR = { type: 'error', sequence_number: AT, error: { type: 'invalid_request_error', ...NO } }
const FAILED = {
  type: 'response.failed',
  sequence_number: AT + 1,
  response: { id: 'resp_1', status: 'failed', error: NO },
}
/** A failure that does not say why. */
const SILENT_FAILED = { ...FAILED, response: { ...FAILED.response, error: null } }
const LATER = {
  type: 'error',
  sequence_number: 0,
  error: { type: 'server_error', code: 'server_error', message: 'No.' },
}
const BEATS = beats(40)

/** The endpoint's failure comes out at once, its events seen by those that show events; nothing is asked again. */
function reported(what: string, tookMs: Case['tookMs'], events: readonly JsonObject[], ...faults: Fault[]): Case {
  return {
    what,
    time: 'flows',
    endpoint: [faults],
    sees: { reported: NO.code, events: [...HEARD, ...events] },
    requests: 1,
    ...(tookMs && { tookMs }),
  }
}

/** A body without a length and without chunks, which ends when its connection does. */
function cutBody(how: string, effect: 'half_close' | 'reset', interrupted: RegExp): Case {
  return {
    what: `a body that ends with its connection is cut by ${how}`,
    only: { on: 'sockets', because: 'a fake transport does not frame its bodies' },
    sockets: { server: { framing: 'until_close' } },
    endpoint: [{ ...BROKEN, effect }],
    sees: { interrupted },
  }
}

/** Output came. */
export const AFTER_COMMIT: Chapter = {
  '27b': {
    title: 'error and response.failed, or error alone',
    expectation: 'both kept, the richer decides; alone: settled within 1 s',
    cases: [
      reported('at once', [0, 50], [ERROR, FAILED], send(AT, ERROR, FAILED), STALLED_OUTPUT),
      reported(
        'the failure 200 ms later',
        [200, 250],
        [ERROR, FAILED],
        send(AT, ERROR),
        wait(AT, 200),
        send(AT, FAILED),
        STALLED_OUTPUT,
      ),
      reported('the error alone', [1000, 1050], [ERROR], send(AT, ERROR), STALLED_OUTPUT),
      reported(
        'a failure that says nothing, and the error 200 ms later',
        [200, 250],
        [SILENT_FAILED, ERROR],
        send(AT, SILENT_FAILED),
        wait(AT, 200),
        send(AT, ERROR),
        STALLED_OUTPUT,
      ),
      {
        what: 'a failure that says nothing, alone',
        time: 'flows',
        faces: ['stream', 'fetch'],
        endpoint: [[send(AT, SILENT_FAILED), STALLED_OUTPUT]],
        tookMs: [1000, 1050],
        sees: {
          stream: { error: 'response_failed' },
          fetch: { reported: '', events: [...HEARD, SILENT_FAILED] },
        },
      },
      {
        what: 'an error that may be retried, then a failure that is final, in front of all output',
        time: 'flows',
        endpoint: [[send(0, LATER), wait(0, 300), send(0, FAILED), { ...BROKEN, event: 0, effect: 'stall' }]],
        decisions: [{ retry: false, reason: 'not_retryable' }],
        sees: {
          stream: { reported: NO.code, events: [] },
          create: { reported: NO.code, events: [] },
          fetch: { reported: NO.code, events: [LATER, FAILED] },
        },
        requests: 1,
      },
    ],
  },
  28: {
    title: 'EOF before the terminal event',
    expectation: 'an interruption, never a success',
    cases: [
      {
        endpoint: [{ ...BROKEN, effect: 'eof' }],
        sees: {
          interrupted: 'stream_incomplete',
          with: { name: 'StreamInterruptedError', lastSequenceNumber: AT - 1, responseId: 'resp_test' },
        },
        check: ({ face }, { error }) => {
          if (face === 'fetch') expect(error).toMatchObject({ name: 'TypeError', message: 'terminated' })
        },
      },
    ],
  },
  29: {
    title: 'reset in the middle of an event, or of a body without a length',
    expectation: 'no half event; the bytes that came, then a failure',
    cases: [
      {
        endpoint: [{ ...BROKEN, at: 'inside_event', effect: 'reset' }],
        sees: { interrupted: /^connection_(?:reset|closed)$/ },
        check: ({ face }, { text = '' }) => {
          if (face !== 'fetch') return
          expect(toSSE(ANSWER).startsWith(text)).toBe(true)
          expect(text.length).toBeGreaterThan(toSSE(HEARD).length)
        },
      },
      cutBody('FIN', 'half_close', /^stream_incomplete$/),
      cutBody('RST', 'reset', /^(?:stream_incomplete|connection_reset|connection_closed)$/),
    ],
  },
  30: {
    title: 'silence, heartbeats alone, the wall clock',
    expectation: 'each deadline names itself',
    cases: [
      {
        what: 'silence is idle',
        endpoint: [STALLED_OUTPUT],
        sees: {
          interrupted: 'idle_timeout',
          with: { deadline: { name: 'idle', ms: 300_000, source: 'auto: base' } },
        },
      },
      {
        what: 'heartbeats and no output are no progress',
        time: 'flows',
        faces: ['stream', 'fetch'],
        everyMs: 60_000,
        answer: [...HEARD, ...BEATS],
        sees: {
          error: 'progress_timeout',
          with: {
            name: 'StreamInterruptedError',
            giveUpReason: 'committed',
            deadline: { name: 'progress', ms: 900_000, source: 'default' },
          },
        },
        check: (_stage, { events }) => {
          expect(events).toEqual([...HEARD, ...BEATS].slice(0, events.length))
          expect(events.length).toBeGreaterThan(HEARD.length)
        },
      },
      {
        what: 'the wall clock of an attempt is stale',
        options: { timeouts: { idleMs: 0, progressMs: 0 } },
        endpoint: [STALLED_OUTPUT],
        sees: { interrupted: 'stale_timeout', with: { deadline: { name: 'stale', ms: 1_800_000 } } },
      },
    ],
  },
  31: {
    title: 'completed, and the socket is kept open',
    expectation: 'done at once',
    cases: [{ endpoint: [{ at: 'after_terminal', effect: 'stall' }], codes: [], tookMs: [0, 50] }],
  },
  32: {
    title: 'failed, and the socket is kept open',
    expectation: 'failed at once, with its own code',
    cases: [reported('', [0, 50], [FAILED], send(AT, FAILED), STALLED_OUTPUT)].map(({ what: _, ...given }) => given),
  },
  33: {
    title: 'an error after the terminal event',
    expectation: 'ignored',
    cases: [{ endpoint: [{ at: 'after_terminal', effect: 'reset' }], codes: [] }],
  },
  34: {
    title: 'incomplete',
    expectation: 'a result with a reason',
    cases: [
      {
        answer: incompleteStream(),
        requests: 1,
        check: (stage, { response }) => {
          expect(response).toMatchObject({
            status: 'incomplete',
            incomplete_details: { reason: 'max_output_tokens' },
          })
          expect(stage.telemetry).toContainEqual(expect.objectContaining({ type: 'call_end', outcome: 'completed' }))
        },
      },
    ],
  },
  39: {
    title: 'restart',
    expectation: 'a marker, then a whole second stream',
    cases: [
      {
        faces: ['stream'],
        options: { interruption: 'restart' },
        answer: (request) => (request === 1 ? ANSWER : textStream({ id: 'resp_second', text: 'another answer' })),
        endpoint: [{ ...BROKEN, effect: 'reset' }],
        play: async (stage) => {
          const { events, response, error } = await stage.call()
          expect(error).toBeUndefined()
          const second = textStream({ id: 'resp_second', text: 'another answer' })
          expect(events).toEqual([...HEARD, { type: 'stream.restarted', attempt: 2 }, ...second])
          expect(response).toMatchObject({ id: 'resp_second', status: 'completed' })
        },
      },
    ],
  },
}
