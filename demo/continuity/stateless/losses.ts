import { seededRandom } from '../../../src/testing/index.ts'
import type { Fault } from '../../../src/testing/server.ts'
import { TURNS } from '../conversation.ts'
import { PLACES, type Place, WAYS } from '../losses.ts'

/** A connection is lost in every turn whose number is a multiple of this. */
export const LOST_EVERY = 3
/** In one of these turns the endpoint says that the WebSocket is 60 minutes old, which it does to no HTTP connection. */
const LIMIT_TURNS = [5, 7, 8, 10] as const

const LIMIT = '60 minutes'
const CONNECTION_LIMIT: Fault = { at: 'headers', effect: 'connection_limit', as: 'error' }

/** How a turn loses its connection. */
export interface ConnectionLoss {
  readonly turn: number
  readonly place: Place | typeof LIMIT
  readonly name: string
  readonly fault: Fault
  /** Only a WebSocket meets it. */
  readonly isLimit: boolean
}

/** The losses in the order of the turns. The same seed gives the same ones; all places occur. */
export function drawConnectionLosses(seed: number): ConnectionLoss[] {
  const random = seededRandom(seed)
  const limitTurn = LIMIT_TURNS[Math.floor(random() * LIMIT_TURNS.length)] as number
  const first = Math.floor(random() * PLACES.length)
  const losses = Array.from({ length: Math.floor(TURNS / LOST_EVERY) }, (_, index): ConnectionLoss => {
    const place = PLACES[(first + index) % PLACES.length] as Place
    // The second time that a place occurs, the connection is lost in its other way.
    const [name, fault] = WAYS[place][Math.floor(index / PLACES.length) % WAYS[place].length] as [string, Fault]
    return { turn: (index + 1) * LOST_EVERY, place, name, fault, isLimit: false }
  })
  const limit = { turn: limitTurn, place: LIMIT, name: 'limit', fault: CONNECTION_LIMIT, isLimit: true } as const
  return [...losses, limit].sort((a, b) => a.turn - b.turn)
}
