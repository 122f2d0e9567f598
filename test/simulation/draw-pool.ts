import type { Dice } from './dice.ts'
import { drawAttempts, isForeign } from './draw-attempts.ts'
import type { CallPlan, Face, Schedule } from './schedule.ts'

const ABOUT: ReadonlyArray<readonly [number, Face]> = [
  [4, 'retrieve'],
  [4, 'cancel'],
  [3, 'stream'],
  [2, 'create'],
  [1, 'fetch_json'],
]

/** The same world with endpoints that stand in for each other, and with calls about the responses of others. */
export function withPool(dice: Dice, schedule: Schedule): Schedule {
  const size = dice.whole(2, 3)
  const endpoints = Array.from({ length: size }, (_, index) => schedule.endpoints[index] ?? plainEndpoint(dice))
  const made = schedule.calls.filter(({ face }) => face !== 'repeatable_post' && !isForeign(face))
  const about = Array.from({ length: made.length === 0 ? 0 : dice.whole(0, 4) }, (_, index) =>
    drawAbout(dice, schedule.calls.length + index, dice.pick(made)),
  )
  return {
    ...schedule,
    client: {
      ...schedule.client,
      // Headers that take their time are asked for between the choice of an endpoint and the attempt.
      auth: { kind: 'key' },
      pool: {
        weights: endpoints.map(() => dice.pick([1, 1, 3])),
        ...dice.maybe(0.5, 'endpointOfMs', () => dice.pick([0, 20])),
      },
    },
    endpoints,
    calls: [...schedule.calls.map((call) => ({ ...call, endpoint: 0 })), ...about],
  }
}

function plainEndpoint(dice: Dice): Schedule['endpoints'][number] {
  return { connectMs: dice.pick([0, 3, 30]), restarts: [] }
}

/** Soon after the call that it is about has begun, or later. */
function drawAbout(dice: Dice, id: number, { id: of, at }: CallPlan): CallPlan {
  const face = dice.weighted(ABOUT)
  const asks = face === 'retrieve' || face === 'cancel'
  return {
    id,
    face,
    of,
    at: at + dice.whole(0, dice.pick([20, 200, 3000])),
    endpoint: 0,
    ...(asks ? {} : { continuation: true }),
    attempts: drawAttempts(dice, asks ? 'fetch_json' : face),
  }
}
