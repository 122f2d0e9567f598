import type { Dice } from './dice.ts'
import { drawAttempts, isForeign } from './draw-attempts.ts'
import {
  type AttemptPlan,
  type CallPlan,
  type ClientPlan,
  type EndpointPlan,
  type Face,
  type FollowPlan,
  HEALTHY,
  type HistoryEdit,
  type Schedule,
  type SocketsPlan,
  type UpgradePlan,
} from './schedule.ts'

/** How much goes wrong with the sockets of a world. */
const TROUBLE = [0, 0.05, 0.3]

const TURNS: ReadonlyArray<readonly [number, Face]> = [
  [5, 'stream'],
  [5, 'create'],
  [6, 'fetch_stream'],
  [1, 'upgraded'],
]

/** The same world with a client that streams over WebSockets, and with conversations of several turns. */
export function withSockets(dice: Dice, schedule: Schedule): Schedule {
  const trouble = dice.pick(TROUBLE)
  const client = drawClient(dice, schedule.client)
  const endpoints = schedule.endpoints.map((endpoint) => drawEndpoint(dice, endpoint, trouble))
  const calls: CallPlan[] = schedule.calls.map((call) => ({
    ...call,
    ...(isForeign(call.face) || call.face.startsWith('background')
      ? {}
      : dice.maybe(0.6, 'store', () => false as const)),
    attempts: call.attempts.map((attempt) => withSocket(dice, attempt, trouble)),
  }))
  for (let left = dice.pick([0, 2, 4, 8]); left > 0 && calls.length > 0; left--)
    calls.push(drawTurn(dice, calls, calls.length, trouble))
  if (dice.chance(0.15)) calls.push(...drawConversation(dice, calls.length))
  return { ...schedule, client, endpoints, calls }
}

function drawClient(dice: Dice, client: ClientPlan): ClientPlan {
  const pings = dice.pick([{}, {}, { pingMs: 0 }, { pingMs: 700 }, { pingMs: 50, idleMs: 400 }])
  return {
    ...client,
    webSocket: {
      ...dice.maybe(0.1, 'incremental', () => false),
      ...dice.maybe(0.4, 'maxAgeMs', () => dice.pick([0, 600, 5000])),
      ...dice.maybe(0.3, 'idleMs', () => dice.pick([0, 100, 400])),
      ...pings,
      ...dice.maybe(0.3, 'fallbackMs', () => dice.pick([0, 300, 20_000])),
      ...dice.maybe(0.2, 'maxSockets', () => dice.whole(1, 2)),
      ...dice.maybe(0.05, 'maxMessageBytes', () => 1024),
    },
  }
}

function drawEndpoint(dice: Dice, endpoint: EndpointPlan, trouble: number): EndpointPlan {
  const sockets: SocketsPlan = {
    ...dice.maybe(trouble / 3, 'deaf', () => true),
    ...dice.maybe(0.3, 'limitMs', () => dice.pick([50, 500, 3000, 3_600_000])),
    ...dice.maybe(0.5, 'atLimit', () => dice.pick(['refuses', 'closes'] as const)),
    ...dice.maybe(trouble / 4, 'maxMessageBytes', () => dice.pick([400, 900])),
    ...dice.maybe(0.3, 'refusesProbes', () => true),
  }
  return Object.keys(sockets).length > 0 ? { ...endpoint, sockets } : endpoint
}

function withSocket(dice: Dice, attempt: AttemptPlan, trouble: number): AttemptPlan {
  const plan: AttemptPlan = {
    ...attempt,
    ...dice.maybe(trouble / 2, 'upgrade', () => drawUpgrade(dice)),
    ...dice.maybe(trouble, 'late', () => ({
      afterMs: dice.pick([0, 1, 5, 40]),
      what: dice.pick(['delta', 'terminal'] as const),
    })),
    ...dice.maybe(0.4, 'errorForm', () => dice.pick(['flat', 'without_status'] as const)),
  }
  const { fault, answer, errorForm } = plan
  const closes = fault !== undefined && fault.how === 'end'
  const closeCode = dice.pick([1000, 1001, 1008, 1009, 1011, 1012, 1013])
  if (closes) return { ...plan, fault: { ...fault, closeCode } }
  if (errorForm !== 'without_status' || answer.kind !== 'status') return plan
  // Without a status the code has to say what it means, and the message after how long.
  const { shouldRetry: _, code, ...status } = answer
  if (code === undefined || !TELLING.has(code) || status.body !== 'json') return { ...plan, errorForm: 'nested' }
  return { ...plan, answer: { ...status, code, hintAs: 'message' } }
}

const TELLING = new Set([
  'rate_limit_exceeded',
  'server_is_overloaded',
  'server_error',
  'insufficient_quota',
  'invalid_prompt',
])

function drawUpgrade(dice: Dice): UpgradePlan {
  return dice.pick<UpgradePlan>([
    'unanswered',
    'invalid',
    'resets',
    'greets',
    { status: dice.pick([200, 401, 403, 404, 426, 429, 500, 503]) },
    { status: dice.pick([429, 503]), hintMs: dice.pick([20, 1500, 61_000]) },
  ])
}

const EDITS: readonly HistoryEdit[] = [
  'without_ids',
  'without_ids',
  'without_ids',
  'reid',
  'bare_texts',
  'retext',
  'drop',
  'double',
  'reid',
  'other_field',
  'nothing_new',
]

/** An endpoint that has forgotten what a request continues. */
const FORGETS: AttemptPlan = {
  ...HEALTHY,
  answer: { kind: 'status', status: 400, code: 'previous_response_not_found', body: 'json' },
}

/** Edits after which an item is still the same for a model. */
const SMALL_EDITS: readonly HistoryEdit[] = ['without_ids', 'without_ids', 'bare_texts', 'reid']

/**
 * A conversation of several turns of which little goes wrong, so that its turns are increments of increments. The server
 * may forget it between two turns.
 */
function drawConversation(dice: Dice, firstId: number): CallPlan[] {
  const at = dice.whole(0, 500)
  return Array.from({ length: dice.whole(3, 6) }, (_, turn) => ({
    id: firstId + turn,
    face: dice.weighted(TURNS),
    at,
    endpoint: 0,
    store: false as const,
    ...(turn > 0 && {
      follows: {
        call: firstId + turn - 1,
        afterMs: dice.pick([0, 1, 20]),
        by: 'history' as const,
        ...dice.maybe(0.6, 'edit', () => dice.pick(SMALL_EDITS)),
      },
    }),
    attempts: turn > 0 && dice.chance(0.15) ? [FORGETS] : [],
  }))
}

/** A turn that goes on where another one has ended: at once, after a while, or after the life of its socket. */
function drawTurn(dice: Dice, calls: readonly CallPlan[], id: number, trouble: number): CallPlan {
  const before = dice.chance(0.7) ? (calls.at(-1) as CallPlan) : dice.pick(calls)
  const drawn = dice.weighted(TURNS)
  // The typed faces reach the first endpoint alone.
  const face = before.endpoint === 0 ? drawn : 'fetch_stream'
  const follows: FollowPlan = {
    call: before.id,
    afterMs: dice.pick([0, 0, 1, 20, 450, 4000, 40_000, 400_000, 3_700_000]),
    by: dice.chance(0.6) ? 'history' : 'id',
    ...dice.maybe(0.4, 'edit', () => dice.pick(EDITS)),
  }
  const drawnAttempts = drawAttempts(dice, face).map((attempt) => withSocket(dice, attempt, trouble))
  const attempts = dice.chance(0.1) ? [FORGETS, ...drawnAttempts] : drawnAttempts
  return {
    id,
    face,
    at: 0,
    endpoint: before.endpoint,
    ...dice.maybe(0.9, 'store', () => false as const),
    ...(dice.chance(0.8) ? { follows } : { of: before.id, continuation: true }),
    attempts: dice.chance(0.5) ? [] : attempts,
  }
}
