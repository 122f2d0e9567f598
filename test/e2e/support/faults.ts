import type { Random } from '../../../src/testing/index.ts'
import type { Fault } from '../../../src/testing/server.ts'

/** An event in the prelude: `response.created` and `response.in_progress` are out, the first item is not. */
const PRELUDE = { at: 'before_event', event: 2 } as const

const overloaded = { code: 'server_is_overloaded', message: 'Our servers are currently overloaded.' }

/** What can go wrong with a call before its first progress: each takes one attempt, and none reaches the caller. */
export const BEFORE_COMMIT = {
  dead_before_headers: [{ at: 'headers', effect: 'stall' }],
  dead_after_headers: [{ at: 'before_event', event: 0, effect: 'stall' }],
  reset_in_prelude: [{ ...PRELUDE, effect: 'reset' }],
  eof_in_prelude: [{ ...PRELUDE, effect: 'eof' }],
  slow_down_in_prelude: [
    {
      ...PRELUDE,
      effect: 'event',
      events: [
        {
          type: 'error',
          sequence_number: 2,
          error: { type: 'server_error', code: 'slow_down', message: 'Slow down.', param: null },
        },
      ],
    },
    { ...PRELUDE, effect: 'eof' },
  ],
  overloaded_in_prelude: [
    {
      ...PRELUDE,
      effect: 'event',
      events: [
        {
          type: 'response.failed',
          sequence_number: 2,
          response: { id: 'resp_failed', status: 'failed', error: overloaded },
        },
      ],
    },
    // The socket stays open behind the last word: nobody may wait for its end.
    { ...PRELUDE, effect: 'stall' },
  ],
} as const satisfies Record<string, readonly Fault[]>

/** The whole stream is out, and the socket stays open: the call is over all the same. */
export const LINGERING: Fault = { at: 'after_terminal', effect: 'stall' }

export function pick<T>(random: Random, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)] as T
}
