import type { Entry } from './entry.ts'
import { nameOf } from './identity.ts'
import { isLoose, type Loose } from './json.ts'

/** The output in the terminal event, compared with the items that were finished in the stream. */
export interface StatedOutput {
  readonly output: readonly unknown[]
  /** Indexes of finished items that the terminal event omits or has emptied. */
  readonly missing: readonly number[]
}

/**
 * The output of the terminal event is kept as it is. But some gateways state only the last item, or items without their
 * content. A reader of the final response alone would then lose a message, and a finished tool call would never be run
 * while the endpoint waits for its output. So finished items that are missing are restored, in the order of the stream:
 * the endpoint has sent their `response.output_item.done`. Nothing is restored if the terminal event has as many items
 * of the type, because gateways change ids in it.
 */
export function completedOutput(stated: readonly unknown[], entries: readonly Entry[]): StatedOutput {
  const finished = entries.filter((entry) => entry.finished)
  const places = placesOf(stated, finished)
  const missing = finished.filter((entry) => {
    const place = places.get(entry)
    return place === undefined ? isNeeded(entry.item) : isEmptied(stated[place], entry.item)
  })
  const isMissing = new Set(missing)
  if (missing.length === 0) return { output: stated, missing: [] }
  const output: unknown[] = []
  let next = 0
  for (const entry of finished) {
    const place = places.get(entry)
    if (place === undefined) {
      if (isMissing.has(entry)) output.push(entry.item)
      continue
    }
    for (; next < place; next++) output.push(stated[next])
    if (place < next) continue
    output.push(isMissing.has(entry) ? entry.item : stated[place])
    next = place + 1
  }
  return { output: [...output, ...stated.slice(next)], missing: missing.map(({ index }) => index) }
}

/** The index of each finished item in the stated output: by its names, else by the order within its type. */
function placesOf(stated: readonly unknown[], finished: readonly Entry[]): ReadonlyMap<Entry, number> {
  const byName = new Map<string, number>()
  for (const [place, item] of stated.entries())
    if (isLoose(item)) for (const name of namesOf(item)) byName.set(name, byName.get(name) ?? place)
  const places = new Map<Entry, number>()
  const taken = new Set<number>()
  for (const entry of finished) {
    const place = namesOf(entry.item)
      .map((name) => byName.get(name))
      .find((named) => named !== undefined && !taken.has(named))
    if (place === undefined) continue
    places.set(entry, place)
    taken.add(place)
  }
  const free = new Map<unknown, number[]>()
  for (const [place, item] of stated.entries()) {
    if (taken.has(place) || !isLoose(item)) continue
    const ofType = free.get(item.type)
    if (ofType === undefined) free.set(item.type, [place])
    else ofType.push(place)
  }
  for (const ofType of free.values()) ofType.reverse()
  for (const entry of finished) {
    if (places.has(entry)) continue
    const place = free.get(entry.item.type)?.pop()
    if (place !== undefined) places.set(entry, place)
  }
  return places
}

function namesOf({ type, id, call_id: callId }: Loose): string[] {
  return [
    [id, 'id'],
    [callId, 'call_id'],
  ]
    .filter(([name]) => nameOf(name) !== undefined)
    .map(([name, key]) => `${nameOf(type) ?? ''} ${key} ${name}`)
}

/**
 * Whether a missing item must be restored. Messages and calls must; reasoning, and what the model looked up itself,
 * need not.
 */
function isNeeded({ type }: Loose): boolean {
  return type === 'message' || (typeof type === 'string' && type.endsWith('_call'))
}

/** Whether the item is there, but without its finished content, or without what the model wrote for the call. */
function isEmptied(stated: unknown, { content, arguments: args, input }: Loose): boolean {
  if (!isLoose(stated)) return false
  if (Array.isArray(content) && content.length > 0) return isBlank(stated.content)
  return (
    (nameOf(args) !== undefined && isBlank(stated.arguments)) || (nameOf(input) !== undefined && isBlank(stated.input))
  )
}

function isBlank(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
}
