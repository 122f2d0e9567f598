import type { Fault, MockResponsesServer, ScriptEntry } from '../../src/testing/server.ts'

/** What the upstream does to the requests of one turn, and how the turn has to end through the sidecar. */
export interface Scenario {
  readonly title: string
  /** `ok`: the turn succeeds. `refused`: Codex gives up as fast as it does alone. `fails`: within its own patience. */
  readonly through: 'ok' | 'refused' | 'fails'
  prepare(server: MockResponsesServer): void
}

const once = (...faults: Fault[]): readonly ScriptEntry[] => [faults as unknown as ScriptEntry]

const status = (code: number, error: string, headers: Readonly<Record<string, string>> = {}): Fault => ({
  at: 'headers',
  effect: 'status',
  status: code,
  headers,
  body: { error: { code: error, type: error, message: `The upstream says ${error}.`, param: null } },
})

const failed = (code: string): Fault => ({
  at: 'before_event',
  event: 2,
  effect: 'event',
  events: [
    {
      type: 'response.failed',
      sequence_number: 2,
      response: {
        id: 'resp_failed',
        object: 'response',
        created_at: 1,
        model: 'gpt-5.5',
        status: 'failed',
        error: { code, message: `The upstream says ${code}.` },
        output: [],
      },
    },
  ],
})

const LINGERS: Fault = { at: 'before_event', event: 2, effect: 'stall' }
const ENDS: Fault = { at: 'before_event', event: 2, effect: 'eof' }

function scripted(title: string, through: Scenario['through'], ...entries: readonly ScriptEntry[]): Scenario {
  return { title, through, prepare: (server) => server.script(entries) }
}

function always(title: string, through: Scenario['through'], fault: Fault): Scenario {
  return { title, through, prepare: (server) => server.addFaults(fault) }
}

/** In the order of the table. */
export const SCENARIOS: readonly Scenario[] = [
  { title: 'a healthy turn', through: 'ok', prepare: () => {} },
  scripted('first request never answered', 'ok', ...once({ at: 'headers', effect: 'stall' })),
  scripted(
    'first two requests never answered',
    'ok',
    ...once({ at: 'headers', effect: 'stall' }),
    ...once({ at: 'headers', effect: 'stall' }),
  ),
  scripted('502 once', 'ok', ...once(status(502, 'bad_gateway'))),
  scripted('reset once', 'ok', ...once({ at: 'headers', effect: 'reset' })),
  scripted('503 with Retry-After 1, once', 'ok', ...once(status(503, 'service_unavailable', { 'retry-after': '1' }))),
  scripted('503 server_is_overloaded without Retry-After, once', 'ok', ...once(status(503, 'server_is_overloaded'))),
  scripted(
    'response.failed server_is_overloaded, the stream ends',
    'ok',
    ...once(failed('server_is_overloaded'), ENDS),
  ),
  scripted('response.failed server_error, the socket stays open', 'ok', ...once(failed('server_error'), LINGERS)),
  scripted('response.failed slow_down, the socket stays open', 'ok', ...once(failed('slow_down'), LINGERS)),
  scripted('cut after response.created', 'ok', ...once({ at: 'before_event', event: 2, effect: 'reset' })),
  scripted('cut after deltas', 'ok', ...once({ at: 'before_event', event: 6, effect: 'reset' })),
  scripted('silence after response.created', 'ok', ...once(LINGERS)),
  always('429 usage_limit_reached', 'refused', status(429, 'usage_limit_reached')),
  always('400 invalid_request_error', 'refused', status(400, 'invalid_request_error')),
  always('401', 'fails', status(401, 'invalid_api_key')),
]
