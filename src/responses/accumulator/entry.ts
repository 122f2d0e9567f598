import type { Loose } from './json.ts'

/** One item of the output, and how far it is. */
export interface Entry {
  readonly index: number
  item: Loose
  /** `response.output_item.added` or `.done` came. Otherwise all that is known of it are deltas. */
  announced: boolean
  /** The endpoint sent all of what the model wrote for the call: its arguments, its input, its diff. */
  payloadFinished: boolean
  /** `response.output_item.done` came: the item is what it is for good. */
  finished: boolean
  /** About how large its JSON is. */
  size: number
}

/** What an item, or a place in one of its lists, counts beside its text: about what it takes in memory. */
export const PLACE_SIZE = 128
