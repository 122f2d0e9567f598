import type { Loose } from './json.ts'

/** One item of the output, and its progress. */
export interface Entry {
  readonly index: number
  item: Loose
  /** `response.output_item.added` or `.done` came. Otherwise only deltas are known. */
  announced: boolean
  /** The endpoint sent everything that the model wrote for the call: its arguments, its input, or its diff. */
  payloadFinished: boolean
  /** `response.output_item.done` came: the item is final. */
  finished: boolean
  /** Approximate size of its JSON. */
  size: number
}

/** The size of an item or a list entry in addition to its text: about its use of memory. */
export const PLACE_SIZE = 128
