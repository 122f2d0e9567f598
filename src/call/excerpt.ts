import { hidden, redact } from '../errors/redact.ts'
import { type Opening, openingOf } from './opening.ts'

/** How much of an answer is searched for words, in characters. Limits the work on an endpoint's answer. */
const SOURCE_CHARS = 8192

/** White space may precede an answer. */
const OPENING_CHARS = 4096

const SCRIPTS = /<(script|style)\b[\s\S]*?(?:<\/\1\s*>|$)/gi
const COMMENTS = /<!--[\s\S]*?(?:-->|$)/g
const TAGS = /<[^>]*(?:>|$)/g
const FRAMES = /^(?:data|event):/m
/** The beginning of JSON inside a text. */
const JSON_WITHIN = /[{[]\s*["{[\]}]/

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['&nbsp;', ' '],
  ['&lt;', '<'],
  ['&gt;', '>'],
  ['&quot;', '"'],
  ['&#39;', "'"],
  ['&amp;', '&'],
])
const ENTITY = /&(?:nbsp|lt|gt|quot|#39|amp);/g

/**
 * The words of an answer that is a page or a text: a proxy's page says what happened. Nothing of an event stream or of
 * JSON, complete or broken, because these may hold a prompt or an answer. Not redacted yet. Pure.
 *
 * @param type the `content-type` of the answer.
 * @returns an empty text if there is nothing to show.
 */
export function wordsOf(text: string, type: string | undefined, secrets: readonly string[]): string {
  const source = beginningOf(text)
  const opening = openingOfText(source)
  if (opening === 'json' || opening === 'stream' || FRAMES.test(source)) return ''
  const words = isPage(source, type) ? withoutMarkup(source, secrets) : source
  const json = JSON_WITHIN.exec(words)
  return json === null ? words : words.slice(0, json.index)
}

/** The words of an answer, redacted and cut to an excerpt. */
export function excerptOf(text: string, type: string | undefined, secrets: readonly string[]): string {
  return redact(wordsOf(text, type, secrets), secrets)
}

/** Whether an answer is markup, by its `content-type` or its first character. */
export function isPage(text: string, type: string | undefined): boolean {
  return /html|xml/i.test(type ?? '') || openingOfText(text) === 'page'
}

export function openingOfText(text: string): Opening | undefined {
  return openingOf(Buffer.from(text.slice(0, OPENING_CHARS)))
}

/** The text of a page. Plain text keeps every `<`. */
function withoutMarkup(page: string, secrets: readonly string[]): string {
  // Before the markup is removed, because something like markup may be part of a secret.
  const words = hidden(page, secrets).replace(SCRIPTS, ' ').replace(COMMENTS, ' ').replace(TAGS, ' ')
  return words.replace(ENTITY, (entity) => ENTITIES.get(entity) as string)
}

/** Cut at the end of a word, because half of a secret would not be found. */
function beginningOf(text: string): string {
  if (text.length <= SOURCE_CHARS) return text
  for (let at = SOURCE_CHARS; at > 0; at--) if (/[\s>]/.test(text[at - 1] as string)) return text.slice(0, at)
  return ''
}
