import { type JsonObject, textStream, toolCallStream } from '../../src/testing/index.ts'
import type {
  Fault,
  MockRequest,
  MockResponsesServer,
  MockServerOptions,
  ScriptEntry,
} from '../../src/testing/server.ts'

import { asksForCompaction, COMPACTS, isCompacted, withCompaction } from './compaction.ts'
import type { CodexSetup } from './home.ts'

/** What the upstream does to the requests of one turn, and how the turn has to end through the sidecar. */
export interface Scenario {
  readonly title: string
  /** `ok`: the turn succeeds. `refused`: Codex gives up as fast as it does alone. `fails`: within its own patience. */
  readonly through: 'ok' | 'refused' | 'fails'
  /** So many cutoffs the turn may take, where they are not counted by requests. Default 1. */
  readonly cutoffs?: number
  /** Codex speaks WebSocket, and so does the sidecar. */
  readonly webSockets: boolean
  readonly server?: MockServerOptions
  readonly codex?: CodexSetup
  /** A request that the upstream has to get, or the scenario is not what it says. */
  readonly needs?: (request: MockRequest) => boolean
  prepare(server: MockResponsesServer): void
}

type At<Point> = Extract<Fault, { at: Point }>

const once = (...faults: Fault[]): readonly ScriptEntry[] => [faults as unknown as ScriptEntry]

const status = (code: number, error: string, headers: Readonly<Record<string, string>> = {}): At<'headers'> => ({
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

const LINGERS: At<'before_event'> = { at: 'before_event', event: 2, effect: 'stall' }
const ENDS: Fault = { at: 'before_event', event: 2, effect: 'eof' }

function scripted(title: string, through: Scenario['through'], ...entries: readonly ScriptEntry[]): Scenario {
  return { title, through, webSockets: false, prepare: (server) => server.script(entries) }
}

function always(title: string, through: Scenario['through'], fault: Fault): Scenario {
  return { title, through, webSockets: false, prepare: (server) => server.addFaults(fault) }
}

/** Codex opens its WebSocket with a request for no output; the faults are for the request after it. */
const isCreate = ({ transport, json }: MockRequest): boolean =>
  transport === 'websocket' && (json as { readonly generate?: boolean } | undefined)?.generate !== false

function onSocket(title: string, through: Scenario['through'], ...faults: readonly Fault[]): Scenario {
  return { title: `WebSocket: ${title}`, through, webSockets: true, prepare: (server) => server.addFaults(...faults) }
}

/** The first request gets the call of a tool that Codex itself carries out. */
function withTool({ json, number }: MockRequest): readonly JsonObject[] {
  const id = `resp_mock_${number}`
  const { input = [] } = json as { readonly input?: readonly { readonly type?: string }[] }
  return input.some(({ type }) => type === 'function_call_output')
    ? textStream({ id })
    : toolCallStream({ id, calls: [{ name: 'get_goal', arguments: {} }] })
}

const COMPACTION = {
  server: { respond: withCompaction },
  codex: { as: 'openai', config: COMPACTS },
  needs: isCompacted,
} as const satisfies Partial<Scenario>

const ZSTD = {
  codex: { as: 'chatgpt' },
  needs: ({ headers, path }) => path.endsWith('/responses') && headers['content-encoding'] === 'zstd',
} as const satisfies Partial<Scenario>

/** Of a request for output, because a login asks for other things, too. */
const isResponse = ({ path }: MockRequest): boolean => path.endsWith('/responses')

const HTTP_SCENARIOS: readonly Scenario[] = [
  { title: 'a healthy turn', through: 'ok', webSockets: false, prepare: () => {} },
  {
    title: 'a turn with a tool call',
    through: 'ok',
    webSockets: false,
    server: { respond: withTool },
    prepare: () => {},
  },
  { ...scripted('compaction in a turn', 'ok'), ...COMPACTION },
  {
    ...always('compaction in a turn, its request never answered, once', 'ok', {
      at: 'headers',
      effect: 'stall',
      times: 1,
      when: asksForCompaction,
    }),
    ...COMPACTION,
  },
  { ...scripted('zstd bodies', 'ok'), ...ZSTD },
  {
    ...always('zstd bodies, first request never answered', 'ok', {
      at: 'headers',
      effect: 'stall',
      times: 1,
      when: isResponse,
    }),
    ...ZSTD,
  },
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

const UNANSWERED: At<'upgrade'> = { at: 'upgrade', effect: 'stall' }

const SOCKET_SCENARIOS: readonly Scenario[] = [
  onSocket('a healthy turn', 'ok'),
  { ...onSocket('a turn with a tool call', 'ok'), server: { respond: withTool } },
  {
    ...onSocket('the upstream has none (426), with a tool call', 'ok', {
      at: 'upgrade',
      effect: 'status',
      status: 426,
    }),
    server: { respond: withTool },
  },
  onSocket('the upgrade is refused with 503', 'ok', {
    at: 'upgrade',
    effect: 'status',
    status: 503,
    headers: { 'retry-after': '3' },
  }),
  onSocket('the upgrade is unanswered, once', 'ok', { ...UNANSWERED, times: 1 }),
  // The time of the prewarm, and two upgrades.
  { ...onSocket('the upgrade is unanswered, always', 'ok', UNANSWERED), cutoffs: 3 },
  onSocket('the prewarm is unanswered', 'ok', {
    at: 'headers',
    effect: 'stall',
    times: 1,
    when: (request) => request.transport === 'websocket' && !isCreate(request),
  }),
  onSocket('the request is unanswered, once', 'ok', { at: 'headers', effect: 'stall', times: 1, when: isCreate }),
  onSocket('cut after response.created', 'ok', {
    at: 'before_event',
    event: 2,
    effect: 'reset',
    times: 1,
    when: isCreate,
  }),
  onSocket('cut after deltas', 'ok', { at: 'before_event', event: 6, effect: 'reset', times: 1, when: isCreate }),
  onSocket('silence after response.created', 'ok', { ...LINGERS, times: 1, when: isCreate }),
  onSocket('the error 503 server_is_overloaded, once', 'ok', {
    ...status(503, 'server_is_overloaded'),
    times: 1,
    when: isCreate,
  }),
  onSocket('the error 500, once', 'ok', { ...status(500, 'server_error'), times: 1, when: isCreate }),
  onSocket('previous_response_not_found, once', 'ok', {
    ...status(400, 'previous_response_not_found'),
    times: 1,
    when: isCreate,
  }),
  onSocket('the 60 minutes are over', 'ok', {
    at: 'headers',
    effect: 'connection_limit',
    as: 'error',
    times: 1,
    when: isCreate,
  }),
  onSocket('the error 429 usage_limit_reached', 'refused', { ...status(429, 'usage_limit_reached'), when: isCreate }),
]

/** In the order of the table. */
export const SCENARIOS: readonly Scenario[] = [...HTTP_SCENARIOS, ...SOCKET_SCENARIOS]
