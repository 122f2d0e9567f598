import type { RecordedCall } from './recorded-call.ts'

/** Of the lines. A later version of this library may write another. */
export const JSONL_VERSION = 1

/** Characters that a terminal or an editor obeys, or that end a line elsewhere: controls, marks of direction, U+2028. */
const UNSEEN = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** One line of JSON for each call, in ASCII wherever a character cannot be seen. */
export function toJSONL(calls: readonly RecordedCall[]): string {
  return calls.map((call) => `${escaped(JSON.stringify({ version: JSONL_VERSION, ...call }))}\n`).join('')
}

function escaped(json: string): string {
  return json.replace(UNSEEN, (character) =>
    // The pattern reads whole characters. JSON escapes units of UTF-16.
    Array.from({ length: character.length }, (_, at) => `\\u${hex4(character.charCodeAt(at))}`).join(''),
  )
}

/** A unit of UTF-16 as `\u` wants it. */
export function hex4(unit: number): string {
  return unit.toString(16).padStart(4, '0')
}
