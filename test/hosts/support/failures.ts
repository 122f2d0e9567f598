import { type StreamEvent, sseFrame, textStream } from '../../../src/testing/index.ts'
import type { Fault } from '../../../src/testing/server.ts'

export const ANSWER_TEXT = 'The answer, in a few words: forty-two.'

/** What the endpoint means to send. The faults below count its events. */
export function answerEvents(): StreamEvent[] {
  return textStream({ id: 'resp_answer', text: ANSWER_TEXT })
}

const FIRST_DELTA = answerEvents().findIndex(({ type }) => type === 'response.output_text.delta')
const LAST = answerEvents().length - 1

const prelude = { at: 'before_event', event: 2 } as const
/** One delta is out, more would follow. */
const afterOutput = { at: 'before_event', event: FIRST_DELTA + 1 } as const
const last = { at: 'before_event', event: LAST } as const

export interface Failure {
  readonly name: string
  /** What the first request meets; later ones are answered. */
  readonly faults: readonly Fault[]
  /** The fault leaves the connection open: one who waits for more, waits for ever. */
  readonly endless?: boolean
  /** It is about how an event stream is written, which a WebSocket does not know. */
  readonly isOfHttp?: boolean
}

export const DEAD_ON_ARRIVAL: Failure = {
  name: 'no answer ever comes',
  faults: [{ at: 'headers', effect: 'stall' }],
  endless: true,
}

export const SILENT_BEHIND_CREATED: Failure = {
  name: 'nothing comes after `response.created`',
  faults: [{ at: 'before_event', event: 1, effect: 'stall' }],
  endless: true,
}

export const CUT_AFTER_OUTPUT: Failure = {
  name: 'the stream ends after output, without a terminal event',
  faults: [{ ...afterOutput, effect: 'eof' }],
}

export const RESET_AFTER_OUTPUT: Failure = {
  name: 'the connection is reset after output',
  faults: [{ ...afterOutput, effect: 'reset' }],
}

/** In the order of a call's life. */
export const FAILURES: readonly Failure[] = [
  DEAD_ON_ARRIVAL,
  { name: 'the connection is reset before the headers', faults: [{ at: 'headers', effect: 'reset' }] },
  { name: 'the connection is reset after the headers, before output', faults: [{ ...prelude, effect: 'reset' }] },
  { name: 'the stream ends before output', faults: [{ ...prelude, effect: 'eof' }] },
  SILENT_BEHIND_CREATED,
  {
    name: 'the endpoint sheds load with an `error` event before output',
    faults: [
      {
        ...prelude,
        effect: 'event',
        events: [
          {
            type: 'error',
            sequence_number: 2,
            error: { type: 'server_error', code: 'slow_down', message: 'Slow down.', param: null },
          },
        ],
      },
      { ...prelude, effect: 'eof' },
    ],
  },
  RESET_AFTER_OUTPUT,
  CUT_AFTER_OUTPUT,
  {
    name: 'the connection stays open after `response.completed`',
    faults: [{ at: 'after_terminal', effect: 'stall' }],
    endless: true,
  },
  {
    name: '`response.completed` comes without its blank line',
    isOfHttp: true,
    faults: [
      { ...last, effect: 'event', raw: `${sseFrame(answerEvents()[LAST] as StreamEvent).trimEnd()}\n` },
      { ...last, effect: 'eof' },
    ],
  },
]
