import { ownType } from './event-classes.ts'
import { TYPE_PREFIX } from './event-data.ts'
import type { Frame } from './frame-event.ts'

/** How consecutive deltas of one type begin. */
export interface Run {
  readonly type: string
  readonly named: boolean
  readonly opening: string
  readonly dataAt: number
}

const runs = new Map<string, Run>()
/** Endpoints can invent any number of types. */
const MAX_REMEMBERED_RUNS = 64

/** Makes new strings: slices of a chunk would keep the chunk alive as long as the stream. */
function runOf(type: string, named: boolean): Run {
  const own = ownType(type)
  const lead = named ? `event: ${own}\ndata: ` : 'data: '
  const opening = `${lead}${TYPE_PREFIX}${own}"`
  const known = runs.get(opening)
  if (known !== undefined) return known
  const run = { type: own, named, opening, dataAt: lead.length }
  if (runs.size < MAX_REMEMBERED_RUNS) runs.set(opening, run)
  return run
}

/**
 * Learns from the first delta of a run how the next ones begin.
 *
 * @param current the run so far. It continues if the frame does not begin with its type, or is of the same run.
 */
export function runAfter(current: Run | undefined, type: string, { data, event: name }: Frame): Run | undefined {
  if (name !== undefined && name !== type) return current
  if (!data.startsWith(type, TYPE_PREFIX.length) || !data.startsWith(TYPE_PREFIX)) return current
  const named = name !== undefined
  return current?.type === type && current.named === named ? current : runOf(type, named)
}

/**
 * @param at where a frame begins in the text.
 * @returns the data of that frame, if it is a whole delta of the run. Two characters end the frame after it.
 */
export function deltaAt({ opening, dataAt }: Run, text: string, at: number): string | undefined {
  if (text.slice(at, at + opening.length) !== opening) return undefined
  const lineEnd = text.indexOf('\n', at + opening.length)
  if (text.charCodeAt(lineEnd + 1) !== 10 || text.charCodeAt(lineEnd - 1) !== 125 /* } */) return undefined
  return text.slice(at + dataAt, lineEnd)
}
