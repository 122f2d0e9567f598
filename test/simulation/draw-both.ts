import type { Dice } from './dice.ts'
import { withPool } from './draw-pool.ts'
import { withSockets } from './draw-sockets.ts'
import type { EndpointPlan, Schedule } from './schedule.ts'

/**
 * The same world with WebSockets to endpoints that stand in for each other. One endpoint may fail for a while, so that it
 * cools down although its sockets stand.
 *
 * @param socketDice decides about WebSockets as in a world without a pool.
 */
export function withBoth(dice: Dice, socketDice: Dice, plain: Schedule): Schedule {
  const schedule = withSockets(socketDice, withPool(dice, plain))
  const { client, endpoints } = schedule
  const { pool } = client
  // Turns of a conversation meet their socket only at the same endpoint.
  const weights = dice.chance(0.5) ? endpoints.map((_, index) => (index === 0 ? 30 : 1)) : undefined
  const failing = dice.chance(0.6) ? dice.pick([0, 0, 1]) : undefined
  return {
    ...schedule,
    client: { ...client, ...(pool && weights && { pool: { ...pool, weights } }) },
    endpoints: endpoints.map((endpoint, index) => (index === failing ? drawFailing(dice, endpoint) : endpoint)),
  }
}

function drawFailing(dice: Dice, endpoint: EndpointPlan): EndpointPlan {
  return { ...endpoint, fails: { at: dice.whole(0, dice.pick([30, 500, 3000])), ms: dice.pick([100, 4000, 90_000]) } }
}
