import { type Random, seededRandom } from '../../src/testing/index.ts'
import type { Fault } from '../../src/testing/server.ts'
import { TURNS } from './conversation.ts'

/** The phase in which the connection dies and the session is lost. */
export type Place = 'before answer' | 'in prelude' | 'after commit'

/** How a turn loses its session. */
export interface Loss {
  readonly turn: number
  readonly place: Place
  readonly name: string
  readonly fault: Fault
  /** Whether the next request reaches a replica without the session, which says so. */
  readonly replica: boolean
}

export const WAYS: Readonly<Record<Place, readonly [string, Fault][]>> = {
  'before answer': [
    ['reset', { at: 'headers', effect: 'reset' }],
    ['silence', { at: 'headers', effect: 'stall' }],
  ],
  'in prelude': [
    ['stream ends', { at: 'before_event', event: 2, effect: 'eof' }],
    ['reset', { at: 'before_event', event: 2, effect: 'reset' }],
  ],
  'after commit': [
    ['reset', { at: 'before_event', event: 5, effect: 'reset' }],
    ['half event', { at: 'inside_event', event: 5, effect: 'reset' }],
  ],
}

export const PLACES = Object.keys(WAYS) as Place[]

/** Of the turns with a loss in the same phase, this many meet a replica. */
const REPLICAS_PER_PLACE = 2

/** One loss for each turn: phases alternate, faults and replicas are drawn. The same seed gives the same losses. */
export function drawLosses(seed: number): Loss[] {
  const random = seededRandom(seed)
  const withReplica = new Set(PLACES.flatMap((_, place) => drawTurns(turnsAt(place), random)))
  const first = PLACES.map((place) => Math.floor(random() * WAYS[place].length))
  return Array.from({ length: TURNS }, (_, index) => {
    const at = index % PLACES.length
    const place = PLACES[at] as Place
    const ways = WAYS[place]
    // Alternating, so that both occur, and no seed makes every turn wait through a silence.
    const way = ((first[at] ?? 0) + Math.floor(index / PLACES.length)) % ways.length
    const [name, fault] = ways[way] as [string, Fault]
    return { turn: index + 1, place, name, fault, replica: withReplica.has(index + 1) }
  })
}

/** The first turn has no session that a replica could lack. */
function turnsAt(place: number): number[] {
  return Array.from({ length: TURNS }, (_, index) => index + 1).filter(
    (turn) => turn > 1 && (turn - 1) % PLACES.length === place,
  )
}

function drawTurns(turns: number[], random: Random): number[] {
  return Array.from({ length: REPLICAS_PER_PLACE }, () => {
    const [turn] = turns.splice(Math.floor(random() * turns.length), 1)
    return turn as number
  })
}
