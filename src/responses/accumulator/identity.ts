import { jsonOf } from '../../core/json-text.ts'
import type { Loose } from './json.ts'

/** A usable name. Some gateways write an empty text. */
export function nameOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/**
 * Whether an item differs from the known one at its index. Items of different types are different, and so are calls
 * with different `call_id`s. An `id` means less: some gateways write another one into each event.
 */
export function isAnotherItem(known: Loose, item: Loose): boolean {
  return differ(known, item, 'type') || differ(known, item, 'call_id')
}

/** Whether two items that were announced or finished at one index cannot be the same. */
export function areDistinct(one: Loose, other: Loose): boolean {
  if (differ(one, other, 'type')) return true
  for (const key of ['call_id', 'id']) {
    if (nameOf(one[key]) !== undefined && nameOf(other[key]) !== undefined) return one[key] !== other[key]
  }
  return false
}

/** Whether they share a name, or no name distinguishes them and their content is equal. */
export function isSameFinished(known: Loose, item: Loose): boolean {
  if (areDistinct(known, item)) return false
  if (share(known, item, 'call_id') || share(known, item, 'id')) return true
  return contentOf(known) === contentOf(item)
}

/** Whether they share a name. */
export function haveOneName(one: Loose, other: Loose): boolean {
  return share(one, other, 'call_id') || share(one, other, 'id')
}

function share(one: Loose, other: Loose, key: string): boolean {
  return nameOf(one[key]) !== undefined && one[key] === other[key]
}

function differ(one: Loose, other: Loose, key: string): boolean {
  return nameOf(one[key]) !== undefined && nameOf(other[key]) !== undefined && one[key] !== other[key]
}

/** The content without names and status. */
function contentOf({ id: _id, call_id: _call, status: _status, ...content }: Loose): string {
  return jsonOf(content)
}
