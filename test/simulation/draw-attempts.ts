import type { Dice } from './dice.ts'
import type { AnswerPlan, AttemptPlan, DialFailure, EndPlan, Face, StreamFault } from './schedule.ts'

/** What an endpoint does with the requests of one call: mostly good, and bad in runs. */
export function drawAttempts(dice: Dice, face: Face): AttemptPlan[] {
  const trouble = dice.pick([0, 0.3, 0.7, 0.95])
  const plans: AttemptPlan[] = []
  const most = dice.pick([1, 2, 3, 6])
  while (plans.length < most) plans.push(drawAttempt(dice, face, dice.chance(trouble)))
  return plans
}

/** Round about the limits that calls are drawn with, and just beside them. */
const EDGES = [60, 100, 300, 400, 640, 900, 1000, 2000, 4000]

function latency(dice: Dice): number {
  return dice.weighted([
    [60, dice.whole(0, 40)],
    [15, dice.whole(40, 900)],
    [8, dice.pick(EDGES) + dice.whole(-1, 1)],
    [1, dice.pick([45_000, 44_999, 45_001, 90_000])],
  ])
}

function drawAttempt(dice: Dice, face: Face, bad: boolean): AttemptPlan {
  const streams = face !== 'fetch_json' && face !== 'background_create' && !isForeign(face)
  const plan: AttemptPlan = {
    headMs: dice.chance(0.7) ? dice.whole(0, 20) : latency(dice),
    firstMs: dice.chance(0.7) ? dice.whole(0, 20) : latency(dice),
    gapMs: dice.weighted([
      [5, 0],
      [8, dice.whole(1, 10)],
      [2, dice.pick(EDGES) + dice.whole(-1, 1)],
    ]),
    answer: { kind: 'stream', deltas: dice.whole(1, 4), keepalives: dice.pick([0, 0, 1, 3]), end: goodEnd(dice) },
    perRead: dice.pick([1, 1, 1, 2, 4, 0]),
    ...dice.maybe(0.3, 'dial', () => ({ afterMs: latency(dice) })),
    ...dice.maybe(0.25, 'then', () => dice.pick(['closes', 'lingers', 'closes_soon', 'fin_idle'] as const)),
    ...dice.maybe(0.1, 'framing', () => 'until_close' as const),
    ...(face === 'background' ? dice.maybe(0.4, 'resume', () => drawResume(dice, bad)) : {}),
    ...dice.maybe(0.05, 'send', () => ({ pieces: dice.whole(2, 4), everyMs: dice.pick([5, 60]) })),
  }
  return bad ? spoil(dice, plan, face, streams) : plan
}

export function isForeign(face: Face): boolean {
  return face === 'foreign_get' || face === 'foreign_post' || face === 'repeatable_post'
}

function goodEnd(dice: Dice): EndPlan {
  return dice.chance(0.9) ? { how: 'completed' } : { how: 'incomplete' }
}

function drawResume(dice: Dice, bad: boolean): NonNullable<AttemptPlan['resume']> {
  return {
    ...dice.maybe(0.6, 'repeats', () => dice.whole(1, 3)),
    ...dice.maybe(bad ? 0.3 : 0.1, 'skips', () => dice.whole(1, 2)),
    ...dice.maybe(bad ? 0.25 : 0.05, 'refuses', () => dice.pick([400, 404] as const)),
  }
}

const DIAL_FAILURES: readonly DialFailure[] = [
  'ECONNREFUSED',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENETUNREACH',
  'ENOTFOUND',
  'EMFILE',
  'CERT_HAS_EXPIRED',
]

const FAULTS: ReadonlyArray<readonly [number, StreamFault]> = [
  [5, 'reset'],
  [5, 'fin'],
  [5, 'stall'],
  [2, 'end'],
  [2, 'garbage'],
  [2, 'truncated'],
  [1, 'bad_chunk'],
  [2, 'comments'],
]

function spoil(dice: Dice, plan: AttemptPlan, face: Face, streams: boolean): AttemptPlan {
  const kind = dice.weighted([
    [3, 'dial'],
    [1, 'send'],
    [streams ? 10 : 3, 'fault'],
    [streams ? 4 : 0, 'failed'],
    [4, 'status'],
  ] as const)
  switch (kind) {
    case 'dial':
      return {
        ...plan,
        dial: dice.chance(0.25) ? 'hangs' : { afterMs: dice.whole(0, 30), fails: dice.pick(DIAL_FAILURES) },
      }
    case 'send':
      return { ...plan, send: dice.pick(['stalls', 'resets']) }
    case 'fault': {
      const how = dice.weighted(FAULTS)
      // Calls that are no Responses calls have no deadline behind the request: a silent endpoint would be for ever.
      const ends = isForeign(face) && (how === 'stall' || how === 'comments') ? 'reset' : how
      const after = dice.chance(0.4) ? dice.whole(0, 4) : dice.whole(0, 14)
      return { ...plan, fault: { after, how: ends, afterMs: dice.chance(0.6) ? 0 : latency(dice) } }
    }
    case 'failed':
      return { ...plan, answer: { kind: 'stream', deltas: dice.pick([0, 0, 2]), keepalives: 0, end: drawFailed(dice) } }
    case 'status':
      return { ...plan, answer: drawStatus(dice) }
  }
}

function drawFailed(dice: Dice): EndPlan {
  const code = dice.pick([
    'server_error',
    'slow_down',
    'server_is_overloaded',
    'rate_limit_exceeded',
    'context_length_exceeded',
    'insufficient_quota',
  ])
  return {
    how: 'failed',
    code,
    told: dice.pick(['none', 'before_failed', 'only'] as const),
    ...dice.maybe(0.5, 'vague', () => true),
    behindMs: dice.pick([0, 200, 999, 1000, 1001]),
    ...(code === 'rate_limit_exceeded' ? dice.maybe(0.7, 'hintMs', () => dice.pick([1, 350, 11_054, 90_000])) : {}),
  }
}

function drawStatus(dice: Dice): AnswerPlan {
  const [status, code] = dice.pick<readonly [number, string | undefined]>([
    [429, 'rate_limit_exceeded'],
    [429, undefined],
    [429, 'insufficient_quota'],
    [503, 'server_is_overloaded'],
    [503, undefined],
    [500, 'server_error'],
    [500, undefined],
    [400, 'invalid_prompt'],
    [400, 'previous_response_not_found'],
    [401, 'invalid_api_key'],
    [200, undefined],
  ])
  return {
    kind: 'status',
    status,
    body:
      status === 200
        ? dice.pick(['html', 'none'] as const)
        : dice.weighted([
            [8, 'json'],
            [1, 'html'],
            [1, 'none'],
          ] as const),
    ...(code === undefined ? {} : { code }),
    ...dice.maybe(status === 429 || status === 503 ? 0.5 : 0, 'hintMs', () => dice.pick([0, 20, 1500, 61_000])),
    hintAs: dice.pick(['retry-after-ms', 'retry-after', 'message'] as const),
    ...dice.maybe(0.1, 'shouldRetry', () => dice.chance(0.5)),
  }
}
