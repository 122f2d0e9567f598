import { jsonOf } from '../../core/json-text.ts'
import type { Loose } from './json.ts'

/** A name that names something. Gateways that have none write an empty text. */
export function nameOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/**
 * Whether an item is another one than the one that is known at its place. Two kinds of item are two items, and so are two
 * calls. An `id` tells less: some gateways write another one into each event.
 */
export function isAnotherItem(known: Loose, item: Loose): boolean {
  return differ(known, item, 'type') || differ(known, item, 'call_id')
}

/** Whether two items that were both announced, or finished, at one place cannot be the same. */
export function areDistinct(one: Loose, other: Loose): boolean {
  if (differ(one, other, 'type')) return true
  for (const key of ['call_id', 'id']) {
    if (nameOf(one[key]) !== undefined && nameOf(other[key]) !== undefined) return one[key] !== other[key]
  }
  return false
}

/** Whether they have a name in common, or no name tells them apart and they hold the same. */
export function isSameFinished(known: Loose, item: Loose): boolean {
  if (areDistinct(known, item)) return false
  if (share(known, item, 'call_id') || share(known, item, 'id')) return true
  return contentOf(known) === contentOf(item)
}

/** Whether one name of theirs is the same. */
export function haveOneName(one: Loose, other: Loose): boolean {
  return share(one, other, 'call_id') || share(one, other, 'id')
}

function share(one: Loose, other: Loose, key: string): boolean {
  return nameOf(one[key]) !== undefined && one[key] === other[key]
}

function differ(one: Loose, other: Loose, key: string): boolean {
  return nameOf(one[key]) !== undefined && nameOf(other[key]) !== undefined && one[key] !== other[key]
}

/** Beside what names an item, and says how far it is. */
function contentOf({ id: _id, call_id: _call, status: _status, ...content }: Loose): string {
  return jsonOf(content)
}
