import { consistentClient, consistentView } from './consistent.ts'
import { Dice } from './dice.ts'
import { drawAttempts, isForeign } from './draw-attempts.ts'
import { withBoth } from './draw-both.ts'
import { withPool } from './draw-pool.ts'
import { withSockets } from './draw-sockets.ts'
import type { CallPlan, ClientPlan, EndpointPlan, Face, Schedule, ViewPlan } from './schedule.ts'

/**
 * Everything that will happen, from one seed. Most worlds are small; a few are large; in some endpoints stand in for each
 * other, in others responses are streamed over WebSockets, and in a few both.
 *
 * @param sockets they are, in any case.
 */
export function drawSchedule(seed: number, sockets = false): Schedule {
  const schedule = drawPlain(seed)
  // Drawn by themselves, so that the other worlds are what they were.
  const dice = new Dice(seed ^ 0x6b43a9b5)
  const hasPool = dice.chance(0.15)
  const socketDice = new Dice(seed ^ 0x1f83d9ab)
  const hasSockets = socketDice.chance(SHARE_WITH_SOCKETS) && !hasPool
  if (sockets || hasSockets) {
    const bothDice = new Dice(seed ^ 0x3c6ef372)
    const hasBoth = bothDice.chance(SHARE_WITH_BOTH)
    return hasBoth ? withBoth(bothDice, socketDice, schedule) : withSockets(socketDice, schedule)
  }
  return hasPool ? withPool(dice, schedule) : schedule
}

const SHARE_WITH_SOCKETS = 0.15
/** Of the worlds with WebSockets: those in which endpoints stand in for each other, too. */
const SHARE_WITH_BOTH = 0.25

function drawPlain(seed: number): Schedule {
  const dice = new Dice(seed)
  const size = dice.chance(0.01) ? dice.whole(20, 60) : dice.whole(1, dice.pick([2, 4, 8]))
  const spreadMs = dice.pick([0, 20, 500, 5000])
  const client = consistentClient(drawClient(dice))
  const views = Array.from({ length: dice.pick([0, 0, 1, 2]) }, () => consistentView(drawView(dice, client), client))
  const endpoints = Array.from({ length: dice.pick([1, 1, 2]) }, () => drawEndpoint(dice))
  const calls = Array.from({ length: size }, (_, id) => drawCall(dice, id, spreadMs, views.length, endpoints.length))
  return {
    seed,
    client,
    views,
    endpoints,
    calls,
    stalls: Array.from({ length: dice.chance(0.12) ? dice.whole(1, 2) : 0 }, () => ({
      at: dice.whole(1, dice.pick([50, 2000, 20_000])),
      ms: dice.pick([300, 2000, 10_000, 60_000]),
    })),
    wallJumps: dice.chance(0.05) ? [{ at: dice.whole(1, 3000), ms: dice.pick([-3_600_000, 3_600_000]) }] : [],
    end: {
      how: dice.pick(['close', 'destroy']),
      ...dice.maybe(0.12, 'at', () => dice.whole(0, dice.pick([30, 500, 5000]))),
    },
    reorder: dice.pick([0, 0, 0.3, 0.9]),
  }
}

function drawClient(dice: Dice): ClientPlan {
  const { retry, ...calls } = drawView(dice, {})
  const isolated = dice.chance(0.25)
  const budget = dice.weighted<NonNullable<ClientPlan['retry']>['budget']>([
    [6, undefined],
    [1, false],
    [2, { capacity: dice.whole(1, 3), depositPerSuccess: dice.pick([0, 0.5, 1]) }],
  ])
  return {
    ...calls,
    ...(retry === undefined && budget === undefined
      ? {}
      : { retry: { ...retry, ...(budget === undefined ? {} : { budget }) } }),
    ...(isolated ? { isolation: 'fresh' as const, ...dice.maybe(0.5, 'warm', () => dice.whole(1, 2)) } : {}),
    ...(isolated ? dice.maybe(0.5, 'warmMs', () => dice.pick([50, 1000])) : {}),
    ...dice.maybe(0.2, 'hedge', () =>
      dice.pick([
        true as const,
        { minMs: dice.pick([0, 20, 300]), maxConcurrent: dice.whole(2, 3), maxExtraShare: dice.pick([0.1, 1]) },
      ]),
    ),
    // Drawn in any case, so that the worlds of the other seeds stay the same; refused where no connection waits.
    ...((keepAlive) => (isolated ? {} : keepAlive))(dice.maybe(0.3, 'keepAliveMs', () => dice.pick([0, 15, 1000]))),
    ...dice.maybe(0.15, 'maxConnections', () => dice.whole(1, 3)),
    auth: dice.chance(0.3) ? { kind: 'function', afterMs: dice.pick([0, 0, 5, 400]) } : { kind: 'key' },
    ...dice.maybe(0.3, 'hook', () => dice.pick(['rebuild', 'decline'] as const)),
  }
}

/** @param client what the view must not contradict. */
function drawView(dice: Dice, client: ClientPlan): ViewPlan {
  const limits = dice.chance(0.5) ? drawTimeouts(dice) : {}
  const commitAfterMs = dice.pick([300, 3000])
  return {
    ...(Object.keys(limits).length > 0 ? { timeouts: limits } : {}),
    ...dice.maybe(0.3, 'maxRetries', () => dice.whole(0, 6)),
    ...dice.maybe(0.1, 'retryUnknown', () => true),
    ...dice.maybe(0.15, 'commit', () => 'first_event' as const),
    ...dice.maybe(0.15, 'commitAfterMs', () => commitAfterMs),
    ...dice.maybe(0.1, 'beforeCommitMs', () => commitAfterMs + dice.pick([1000, 10_000])),
    ...dice.maybe(0.2, 'streamFailure', () => 'sse_error' as const),
    ...dice.maybe(0.2, 'interruption', () => 'restart' as const),
    ...dice.maybe(0.2, 'validate', () => dice.pick(['off', 'strict'] as const)),
    ...dice.maybe(0.1, 'upgradeToStream', () => true),
    ...dice.maybe(0.05, 'limits', () => ({ preludeBytes: dice.pick([1, 1500]) })),
    ...dice.maybe(client.retry === undefined ? 0.15 : 0, 'retry', () => ({
      baseDelayMs: dice.pick([0, 100]),
      maxDelayMs: dice.pick([200, 5000]),
      maxHintMs: dice.pick([1000, 60_000]),
    })),
  }
}

/** Explicit limits that do not contradict each other: every cutoff below `staleMs` and `totalMs`. */
function drawTimeouts(dice: Dice): NonNullable<ViewPlan['timeouts']> {
  return {
    ...dice.maybe(0.4, 'connectMs', () => dice.pick([100, 2000])),
    ...dice.maybe(0.3, 'sendMs', () => dice.pick([100, 2000])),
    ...dice.maybe(0.5, 'ttfbMs', () => dice.pick([0, 100, 400, 900])),
    ...dice.maybe(0.4, 'idleMs', () => dice.pick([60, 300, 900])),
    ...dice.maybe(0.3, 'progressMs', () => dice.pick([80, 500, 950])),
    ...dice.maybe(0.4, 'staleMs', () => dice.pick([1000, 4000, 20_000])),
    ...dice.maybe(0.15, 'totalMs', () => dice.pick([1000, 6000])),
  }
}

function drawEndpoint(dice: Dice): EndpointPlan {
  return {
    connectMs: dice.pick([0, 3, 30]),
    restarts: Array.from({ length: dice.chance(0.15) ? dice.whole(1, 2) : 0 }, () => ({
      at: dice.whole(1, dice.pick([40, 600, 4000])),
      downMs: dice.pick([0, 200, 3000]),
      how: dice.pick(['reset', 'fin'] as const),
      losesState: dice.chance(0.5),
    })),
  }
}

const FACES: ReadonlyArray<readonly [number, Face]> = [
  [26, 'stream'],
  [20, 'create'],
  [14, 'background'],
  [4, 'background_create'],
  [18, 'fetch_stream'],
  [6, 'fetch_json'],
  [3, 'fetch_once'],
  [4, 'upgraded'],
  [3, 'foreign_get'],
  [2, 'foreign_post'],
  [2, 'repeatable_post'],
]

function drawCall(dice: Dice, id: number, spreadMs: number, views: number, endpoints: number): CallPlan {
  const face = dice.weighted(FACES)
  const typed = face === 'stream' || face === 'create' || face === 'background' || face === 'background_create'
  const iterates = face === 'stream' || face === 'background' || face === 'fetch_stream'
  const foreign = isForeign(face)
  return {
    id,
    face,
    at: dice.whole(0, spreadMs),
    endpoint: typed ? 0 : dice.whole(0, endpoints - 1),
    ...(views > 0 && dice.chance(0.5) ? { view: dice.whole(0, views - 1) } : {}),
    ...(foreign ? {} : dice.maybe(0.25, 'continuation', () => true)),
    ...(foreign ? {} : dice.maybe(0.12, 'conversation', () => true)),
    ...(face === 'stream' ? dice.maybe(0.3, 'restart', () => true) : {}),
    ...dice.maybe(0.15, 'abortAt', () => (dice.chance(0.05) ? -1 : dice.whole(0, dice.pick([5, 40, 400, 4000])))),
    ...(iterates ? dice.maybe(0.08, 'leaveAfter', () => dice.whole(0, 6)) : {}),
    ...(iterates
      ? dice.maybe(0.15, 'pauses', () =>
          Array.from({ length: dice.whole(1, 2) }, () => ({
            after: dice.whole(0, 8),
            ms: dice.pick([5, 200, 1500, 30_000]),
          })),
        )
      : {}),
    attempts: drawAttempts(dice, face),
  }
}
