import { type Comparable, comparable, layersOf, URL_ESCAPES, unescaped } from './unescape.ts'

export const HIDDEN = '[redacted]'

/** Shorter values are parts of ordinary words. */
const SHORTEST = 4
/** For a longer secret its beginning is hidden too, because endpoints cut echoes. */
const LONG = 24
const BEGINNING = 12
/** Characters that are searched beyond the excerpt, so that a short escaped secret that begins in it is found whole. */
const BEHIND = 512
/** Words that are not secret in any header. */
const SAYS_NOTHING: ReadonlySet<string> = new Set(['true', 'false', 'null', 'none', 'undefined'])

/**
 * The beginning of a text, without secrets. Finds a secret in any case, and under the escapes of URLs, HTML and JSON,
 * also nested ones. Linear in `mostChars`, times the number of secrets.
 */
export function withoutSecrets(text: string, secrets: readonly string[], mostChars: number): string {
  const cut = text.slice(0, mostChars)
  if (secrets.length === 0) return cut
  const hidden = hiddenRanges(text.slice(0, mostChars + BEHIND), secrets)
  let clean = ''
  let from = 0
  for (const [begin, end] of hidden) {
    if (begin >= mostChars) break
    if (end <= from) continue
    clean += begin > from || from === 0 ? cut.slice(from, begin) + HIDDEN : ''
    from = end
  }
  return clean + cut.slice(from)
}

type Range = readonly [begin: number, end: number]

/** The positions of secrets in the text, from left to right. */
function hiddenRanges(text: string, secrets: readonly string[]): Range[] {
  const wanted = new Set<string>()
  for (const secret of secrets) for (const form of formsOf(secret)) wanted.add(form)
  const ranges: Range[] = []
  for (const layer of layersOf(text)) for (const form of wanted) find(layer, form, ranges)
  return ranges.sort(([a], [b]) => a - b)
}

/** A secret may itself be percent-encoded, or be bytes that the receiver reads as UTF-8. */
function formsOf(secret: string): string[] {
  const plain = comparable(secret.trim())
  const forms = [plain.text]
  const decoded = unescaped(plain, URL_ESCAPES)
  if (decoded !== undefined) forms.push(decoded.text)
  if (/[\u0080-\u00ff]/.test(secret)) forms.push(comparable(Buffer.from(secret, 'latin1').toString().trim()).text)
  if (/%[89a-f]/i.test(secret)) forms.push(comparable(asLatin1(secret)).text)
  return forms.filter((form) => form.length >= SHORTEST && !SAYS_NOTHING.has(form))
}

/** Some servers read percent escapes that are not UTF-8 as Latin-1. */
function asLatin1(text: string): string {
  return text.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

function find(layer: Comparable, form: string, ranges: Range[]): void {
  if (form.length >= LONG) findBeginnings(layer, form, ranges)
  else
    for (let at = layer.text.indexOf(form); at !== -1; at = layer.text.indexOf(form, at + 1))
      ranges.push(placed(layer, at, at + form.length))
}

function placed({ at }: Comparable, begin: number, end: number): Range {
  return at === undefined ? [begin, end] : [at[begin] as number, at[end] as number]
}

/** Finds every beginning of a long secret (Knuth–Morris–Pratt, so repetitive secrets cost no more). */
function findBeginnings(layer: Comparable, form: string, ranges: Range[]): void {
  const { text } = layer
  const first = text.indexOf(form.slice(0, BEGINNING))
  if (first === -1) return
  const fallback = fallbacksOf(form)
  let matched = 0
  for (let index = first; index < text.length; index++) {
    while (matched > 0 && text[index] !== form[matched]) matched = fallback[matched - 1] as number
    if (text[index] === form[matched]) matched++
    const isLongest = matched === form.length || text[index + 1] !== form[matched]
    if (matched >= BEGINNING && isLongest) ranges.push(placed(layer, index + 1 - matched, index + 1))
    if (matched === form.length) matched = fallback[matched - 1] as number
  }
}

/** The failure function of Knuth–Morris–Pratt. */
function fallbacksOf(form: string): Uint32Array {
  const fallback = new Uint32Array(form.length)
  for (let index = 1, matched = 0; index < form.length; index++) {
    while (matched > 0 && form[index] !== form[matched]) matched = fallback[matched - 1] as number
    if (form[index] === form[matched]) matched++
    fallback[index] = matched
  }
  return fallback
}
