import { PLACE_SIZE } from './entry.ts'
import { append, lengthOf, replace } from './growing-text.ts'
import { addTold, copyOf, isLoose, type Loose, listIn, nextPlaceIn, objectAt, placeIn } from './json.ts'

/** What one type of event does to its item. */
export interface Row {
  /** The type of the item, for a stream that is resumed in the middle of one. */
  readonly itemType: string | ((event: Loose) => string)
  /** Returns by how much the item grew: characters, plus `PLACE_SIZE` for each list entry. */
  fold(item: Loose, event: Loose): number
  /** After this event the item has everything that the caller has to act on. */
  readonly finishesPayload?: true
}

export interface Growth {
  readonly delta: Row
  readonly done: Row
}

/** A text in a part of an item. */
export function part(itemType: string, list: 'content' | 'summary', partType: string, key: string): Growth {
  const blank = () => ({ type: partType, [key]: '', ...(partType === 'output_text' && { annotations: [] }) })
  const indexKey = `${list}_index`
  const inPart =
    (change: Change) =>
    (item: Loose, event: Loose): number => {
      const parts = listIn(item, list)
      const places = parts.length
      const owner = objectAt(parts, event[indexKey], blank)
      return change(owner, event) + placesMade(parts, places)
    }
  return growth(itemType, key, inPart)
}

/** A text in a field of an item, in which the model writes the content of the call. */
export function field(itemType: string, key: string, ownerIn: (item: Loose) => Loose = (item) => item): Growth {
  const inOwner = (change: Change) => (item: Loose, event: Loose) => change(ownerIn(item), event)
  const { delta, done } = growth(itemType, key, inOwner)
  return { delta, done: { ...done, finishesPayload: true } }
}

/** What an event does to the object that holds its text. Returns by how much the object grew. */
type Change = (owner: Loose, event: Loose) => number

function growth(itemType: string, key: string, within: (change: Change) => Row['fold']): Growth {
  return {
    delta: { itemType, fold: within((owner, event) => append(owner, key, event.delta)) },
    done: { itemType, fold: within((owner, event) => replace(owner, key, event[key])) },
  }
}

/** The size of the entries that a list has gained, including holes. */
export function placesMade(list: readonly unknown[], before: number): number {
  return list.length === before ? 0 : (list.length - before) * PLACE_SIZE
}

export function wholePart(
  itemType: Row['itemType'],
  list: 'content' | 'summary',
): { readonly added: Row; readonly done: Row } {
  const indexKey = `${list}_index`
  const put = (item: Loose, event: Loose, isLast: boolean): number => {
    if (!isLoose(event.part)) return 0
    const parts = listIn(item, list)
    const places = parts.length
    // Announced without an index, it is the next one.
    const place = isLast ? placeIn(parts, event[indexKey]) : nextPlaceIn(parts, event[indexKey])
    const tally = { size: 0 }
    const fresh = copyOf(event.part, tally)
    const known = parts[place]
    // A list made by `push` reserves room for seventeen entries, and most items have one part.
    if (place === 0 && parts.length === 0) {
      item[list] = [fresh]
      return tally.size + PLACE_SIZE
    }
    if (!isLast && isLoose(known)) {
      addTold(known, fresh)
      return tally.size
    }
    parts[place] = fresh
    return tally.size - textsOf(known) + placesMade(parts, places)
  }
  return {
    added: { itemType, fold: (item, event) => put(item, event, false) },
    done: { itemType, fold: (item, event) => put(item, event, true) },
  }
}

/** The texts in a part that came as deltas, and come again with the replacement of the part. */
function textsOf(known: unknown): number {
  return isLoose(known) ? lengthOf(known.text) + lengthOf(known.refusal) + lengthOf(known.transcript) : 0
}

export function status(itemType: string, name: string): Row {
  const fold = (item: Loose): number => {
    item.status = name
    return 0
  }
  return name === 'completed' ? { itemType, fold, finishesPayload: true } : { itemType, fold }
}

export function withLogprobs({ fold }: Row, how: 'append' | 'replace'): Row['fold'] {
  return (item, event) => {
    const grown = fold(item, event)
    const { logprobs } = event
    if (!Array.isArray(logprobs) || logprobs.length === 0) return grown
    // The part exists, because its text came first.
    const at = objectAt(listIn(item, 'content'), event.content_index, () => ({}))
    const tally = { size: 0 }
    const copied = copyOf(logprobs, tally)
    if (how === 'append') {
      const known = listIn(at, 'logprobs')
      for (const each of copied) known.push(each)
      return grown + tally.size
    }
    // Deltas that came before come again.
    const isKnown = Array.isArray(at.logprobs) && at.logprobs.length > 0
    at.logprobs = copied
    return grown + (isKnown ? 0 : tally.size)
  }
}
