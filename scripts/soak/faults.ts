import type { Fault } from '../../src/testing/server.ts'

const overloaded = {
  type: 'response.failed',
  response: { id: 'resp_failed', status: 'failed', error: { code: 'server_is_overloaded', message: 'Overloaded.' } },
}

/** One request in three meets one of these. A call ends in a few milliseconds, or at one of its short deadlines. */
export const FAULTS: readonly Fault[] = [
  { at: 'accept', effect: 'reset', probability: 0.01 },
  { at: 'accept', effect: 'stall', probability: 0.005 },
  { at: 'accept', effect: 'half_close', probability: 0.005 },
  { at: 'request_body', effect: 'stall', probability: 0.005 },
  { at: 'request_body', effect: 'reset', probability: 0.01 },
  { at: 'headers', effect: 'stall', probability: 0.015 },
  { at: 'headers', effect: 'delay', ms: 60, probability: 0.02 },
  { at: 'headers', effect: 'reset', probability: 0.015 },
  { at: 'headers', effect: 'half_close', probability: 0.01 },
  { at: 'headers', effect: 'eof', probability: 0.01 },
  { at: 'headers', effect: 'garbage', probability: 0.005 },
  { at: 'headers', effect: 'status', status: 429, headers: { 'retry-after-ms': '20' }, probability: 0.015 },
  { at: 'headers', effect: 'status', status: 500, probability: 0.01 },
  { at: 'headers', effect: 'status', status: 503, probability: 0.015 },
  { at: 'headers', effect: 'status', status: 400, probability: 0.005 },
  { at: 'before_event', event: 0, effect: 'stall', probability: 0.01 },
  { at: 'before_event', event: 1, effect: 'delay', ms: 30, probability: 0.02 },
  { at: 'before_event', event: 2, effect: 'reset', probability: 0.015 },
  { at: 'before_event', event: 2, effect: 'eof', probability: 0.015 },
  { at: 'before_event', event: 2, effect: 'event', events: [overloaded], probability: 0.01 },
  { at: 'before_event', event: 3, effect: 'event', raw: ': still here\n\n', probability: 0.01 },
  { at: 'inside_event', event: 3, effect: 'reset', probability: 0.01 },
  { at: 'before_event', event: 6, effect: 'stall', probability: 0.01 },
  { at: 'before_event', event: 6, effect: 'reset', probability: 0.01 },
  { at: 'before_event', event: 6, effect: 'half_close', probability: 0.01 },
  { at: 'before_event', event: 6, effect: 'eof', probability: 0.01 },
  { at: 'after_terminal', effect: 'stall', probability: 0.015 },
  { at: 'after_terminal', effect: 'reset', probability: 0.01 },
  { at: 'after_response', effect: 'reset', probability: 0.01 },
  { at: 'after_response', effect: 'half_close', probability: 0.01 },
]
