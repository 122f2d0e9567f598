import { HIDDEN } from './hide.ts'
import { type Comparable, comparable, layersOf } from './unescape.ts'

/**
 * Texts of the request from this length on are hidden where an endpoint echoes them whole. Shorter ones are ordinary
 * words.
 */
const SHORTEST = 16
/**
 * Of a longer text, this much of its beginning is hidden: endpoints cut echoes. Less, down to 16, where the echo
 * visibly ends.
 */
const BEGINNING = 24
/** Any part of this length of a longer text is hidden. */
const WITHIN = 32
/** Characters that are compared of one text, from its beginning and from its end. */
const MOST_OF_ONE = 16_384
/** Characters that are compared of all texts of a request. */
const MOST_OF_ALL = 2_000_000
/** Characters that are searched of the endpoint's message. */
const MOST_WORDS = 65_536
/** Characters that are searched of a body. */
const MOST_JSON = 16_000_000
/** Places in the message that are compared for the same 16 characters. */
const MOST_PLACES = 4

/** Names and values of the API, which an error needs and which do not belong to a conversation. */
const WORDS_OF_API =
  /(?:^|_)(?:ids?|type|choice|tier|effort)$|^(?:model|role|status|name|include|required|enum|format|detail|truncation|summary|verbosity|encoding|object)$/

/**
 * The texts in a JSON body, normalized for comparison, without names and values of the API. Reads tokens, not
 * structure, so that a cut or broken body can be read. Linear.
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
 * An endpoint's message without echoes of `texts` (from `textsOf`). Finds them in any case, and escaped for URLs, HTML
 * or JSON. Does not find Base64 and the like. Looks up pieces of 16 characters, so the time is linear in the message
 * and the texts, which are bounded.
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

/** Where each sequence of 16 characters begins. */
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

/** Looks up every 16th piece of the text: an echo of 31 characters or more contains a whole one. */
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
