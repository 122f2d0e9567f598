import type { Entry } from './entry.ts'
import { nameOf } from './identity.ts'
import { isLoose, type Loose } from './json.ts'

/** The output of a response as its terminal event states it, set beside the items that the stream had finished. */
export interface StatedOutput {
  readonly output: readonly unknown[]
  /** The places of finished items that the terminal event leaves out, or has emptied. */
  readonly missing: readonly number[]
}

/**
 * What the terminal event states is the endpoint's word, and stays as it is; but some gateways state the last item alone, or
 * items without their content. A message that was streamed would be lost to whoever reads the final response only, and a
 * finished tool call would never be run, while the endpoint waits for its output. So what is finished and not there is put
 * back, at its place in the order of the stream: `response.output_item.done` was the endpoint's word, too. Nothing is put
 * back where the terminal event has as many items of the type: gateways write other ids into it.
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

/** Where each finished item stands in the stated output: by its names, else in the order of its type. */
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

/** A message is the answer, and a call has to be run; what the model thought, or looked up by itself, can be done without. */
function isNeeded({ type }: Loose): boolean {
  return type === 'message' || (typeof type === 'string' && type.endsWith('_call'))
}

/** The item is there, without what it was finished with: its content, or what the model wrote for the call. */
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
