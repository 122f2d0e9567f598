import { ownType } from './event-classes.ts'
import { TYPE_PREFIX } from './event-data.ts'

/** How deltas of one type begin, which follow each other. */
export interface Run {
  readonly type: string
  readonly named: boolean
  readonly opening: string
  readonly dataAt: number
}

const runs = new Map<string, Run>()
/** Endpoints could invent types without end. */
const MAX_REMEMBERED_RUNS = 64

/** Of strings of its own: what is made of pieces of a chunk would hold on to the chunk for as long as the stream lasts. */
export function runOf(type: string, named: boolean): Run {
  const own = ownType(type)
  const lead = named ? `event: ${own}\ndata: ` : 'data: '
  const opening = `${lead}${TYPE_PREFIX}${own}"`
  const known = runs.get(opening)
  if (known !== undefined) return known
  const run = { type: own, named, opening, dataAt: lead.length }
  if (runs.size < MAX_REMEMBERED_RUNS) runs.set(opening, run)
  return run
}
