import { HIDDEN } from './hide.ts'
import { type Comparable, comparable, layersOf } from './unescape.ts'

/** A text of the request that is at least so long is hidden where an endpoint echoes it whole. Shorter ones are ordinary words. */
const SHORTEST = 16
/** So much of a longer one, from its beginning: endpoints cut what they echo. Fewer, down to 16, where the echo is seen to end. */
const BEGINNING = 24
/** So much from anywhere within a longer one. */
const WITHIN = 32
/** Of one text of the request, from its beginning and from its end. Characters. */
const MOST_OF_ONE = 16_384
/** Of all texts of a request. */
const MOST_OF_ALL = 2_000_000
/** Of what the endpoint says. */
const MOST_WORDS = 65_536
/** Of a body. */
const MOST_JSON = 16_000_000
/** Of places in the words where the same 16 characters begin. */
const MOST_PLACES = 4

/** Names and values that the API gives: an error says them to help, and they are no part of a conversation. */
const WORDS_OF_API =
  /(?:^|_)(?:ids?|type|choice|tier|effort)$|^(?:model|role|status|name|include|required|enum|format|detail|truncation|summary|verbosity|encoding|object)$/

/**
 * The texts that a body in JSON holds, but for names and values of the API itself, as they are compared. Reads tokens, not
 * structure, so that half a body, or a broken one, can be read. Linear.
 */
export function textsOf(json: string): string[] {
  const source = json.slice(0, MOST_JSON)
  const texts: string[] = []
  let key = ''
  let left = MOST_OF_ALL
  for (let begin = source.indexOf('"'); begin !== -1; ) {
    const end = endOfString(source, begin + 1)
    const raw = source.slice(begin + 1, end)
    if (isColonNext(source, end + 1)) key = raw
    else if (raw.length >= SHORTEST && !WORDS_OF_API.test(key)) {
      for (const text of endsOf(unquoted(raw))) {
        texts.push(text)
        left -= text.length
      }
      if (left < 0) break
    }
    begin = source.indexOf('"', end + 1)
  }
  return texts
}

function endOfString(source: string, from: number): number {
  for (let quote = source.indexOf('"', from); quote !== -1; quote = source.indexOf('"', quote + 1)) {
    let backslashes = 0
    while (source[quote - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return quote
  }
  return source.length
}

function isColonNext(source: string, from: number): boolean {
  let at = from
  while (/\s/.test(source[at] ?? '')) at++
  return source[at] === ':'
}

function unquoted(raw: string): string {
  if (!raw.includes('\\')) return raw
  try {
    return JSON.parse(`"${raw}"`) as string
  } catch {
    return raw
  }
}

/**
 * What an endpoint says, without what it echoes of `texts` (`textsOf`): found in whichever case, and under the escapes of URLs, HTML and
 * JSON. Base64 and the like is not seen. The words are looked up by pieces of 16 characters, so that this is linear in the
 * words and in the texts, which are bounded.
 */
export function withoutEchoes(words: string, texts: readonly string[]): string {
  if (words.length < SHORTEST || texts.length === 0) return words
  const source = words.slice(0, MOST_WORDS)
  const ranges: Array<readonly [number, number]> = []
  const layers = layersOf(source).map((layer) => ({ layer, places: placesOf(layer.text) }))
  for (const text of texts) for (const { layer, places } of layers) find(text, layer, places, ranges)
  if (ranges.length === 0) return words
  ranges.sort(([a], [b]) => a - b)
  let clean = ''
  let from = 0
  for (const [begin, end] of ranges) {
    if (end <= from) continue
    if (begin > from || from === 0) clean += source.slice(from, begin) + HIDDEN
    from = end
  }
  return clean + source.slice(from)
}

function endsOf(text: string): string[] {
  const parts = text.length <= 2 * MOST_OF_ONE ? [text] : [text.slice(0, MOST_OF_ONE), text.slice(-MOST_OF_ONE)]
  return parts.map((part) => comparable(part).text.trim()).filter((part) => part.length >= SHORTEST)
}

/** Where each 16 characters of the words begin. */
function placesOf(text: string): Map<string, number[]> {
  const places = new Map<string, number[]>()
  for (let at = 0; at + SHORTEST <= text.length; at++) {
    const piece = text.slice(at, at + SHORTEST)
    const known = places.get(piece)
    if (known === undefined) places.set(piece, [at])
    else if (known.length < MOST_PLACES) known.push(at)
  }
  return places
}

/** Every 16th piece of the text is looked up: what is echoed of 31 characters and more holds one of them whole. */
function find(
  text: string,
  layer: Comparable,
  places: Map<string, number[]>,
  ranges: Array<readonly [number, number]>,
): void {
  for (let at = 0; at + SHORTEST <= text.length; ) {
    let next = at + SHORTEST
    for (const place of places.get(text.slice(at, at + SHORTEST)) ?? []) {
      let before = 0
      while (before < at && before < place && text[at - before - 1] === layer.text[place - before - 1]) before++
      let after = SHORTEST
      while (at + after < text.length && text[at + after] === layer.text[place + after]) after++
      const begin = place - before
      const end = place + after
      if (!isEcho(text, at - before, at + after, layer.text[end])) continue
      ranges.push([layer.at?.[begin] ?? begin, layer.at?.[end] ?? end])
      next = Math.max(next, at + after - ((at + after) % SHORTEST))
    }
    at = next
  }
}

function isEcho(text: string, from: number, to: number, behind: string | undefined): boolean {
  const length = to - from
  if (from > 0) return length >= WITHIN
  return to === text.length || length >= BEGINNING || behind === undefined || /['"`“”…\]]/.test(behind)
}
