import { isCredentialHeader, isHarmlessHeader } from './header-names.ts'
import { HIDDEN, withoutSecrets } from './hide.ts'

/**
 * Decides what of a request or an answer may be shown. Errors, telemetry and `util.inspect` output contain no
 * credential, cookie, query value or prompt text. Texts from outside pass through `redact` first.
 */

/** How much of a web page is read. */
const PAGE_CHARS = 16_384

/** Length of excerpts of foreign text: enough to recognise a page, too short to carry a prompt. */
const EXCERPT_CHARS = 200

const PATTERNS: ReadonlyArray<readonly [RegExp, string]> = [
  // A cookie header holds several values. All other values end at the first delimiter.
  [/((?:set-)?cookie\\?["']?\s*[:=]\s*\\?["']?)[^\r\n"'\\]+/gi, `$1${HIDDEN}`],
  // Not in "Missing bearer or basic authentication": a word of this list, and of no other, is no credential.
  [
    /\b(bearer|basic)\s+(?!(?:and|or|in|is|was|not|auth|authentication|authorization|credentials?|header|realm|required|scheme|tokens?)(?![\w~+/=-]|\.\w))[\w.~+/=-]+/gi,
    `$1 ${HIDDEN}`,
  ],
  [/\b(?:sk|sess|rk|pk|ek)-[\w*-]{6,}(?:\.[\w*-]+)*/g, HIDDEN],
  [/\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?/g, HIDDEN],
  [
    /((?:api[-_]?key|token|secret|password|passwd|authorization)\\?["']?\s*[:=]\s*\\?["']?)[^\s"'&,;<>\\]+/gi,
    `$1${HIDDEN}`,
  ],
  [/(\b[a-z][a-z\d+.-]*:\/\/)[^\s/@"'<>]+@/gi, `$1${HIDDEN}@`],
  [/(https?:\/\/[^\s"'<>?#]*)[?#][^\s"'<>]*/gi, `$1?${HIDDEN}`],
]

/** Control characters and marks of direction count as white space: a terminal would obey them. */
const SPACE = /[\s\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu

/**
 * Removes known secrets and everything that looks like one, folds white space and control characters, and cuts to an excerpt.
 *
 * @param secrets values of the request (`secretsOf`). Found in any case and under any escapes.
 */
export function redact(text: string, secrets: readonly string[] = [], maxChars = EXCERPT_CHARS): string {
  let clean = withoutSecrets(text, secrets, maxChars * 8)
  for (const [pattern, replacement] of PATTERNS) clean = clean.replace(pattern, replacement)
  clean = clean.replace(SPACE, ' ').trim()
  return clean.length > maxChars ? `${clean.slice(0, maxChars - 1)}…` : clean
}

/** The beginning of a page, much longer than an excerpt, without known secrets. For searching. */
export function hidden(text: string, secrets: readonly string[]): string {
  return withoutSecrets(text, secrets, PAGE_CHARS)
}

/**
 * A short text of the endpoint, such as a request id, without secrets. Cheap, because every answered attempt has one.
 */
export function redactWord(word: string, secrets: readonly string[], maxChars: number): string {
  if (!PLAIN_WORD.test(word)) return redact(word, secrets, maxChars)
  const lower = word.toLowerCase()
  const held = secrets.filter((secret) => mayHold(lower, secret))
  return withoutSecrets(word, held, maxChars)
}

/** A plain word holds a secret only where it holds the first four characters, unless the secret can be written in other ways. */
function mayHold(lower: string, secret: string): boolean {
  return CAN_BE_WRITTEN_OTHERWISE.test(secret) || lower.includes(secret.trim().slice(0, 4).toLowerCase())
}

const CAN_BE_WRITTEN_OTHERWISE = /[%\u0080-\uffff]/

/** The patterns can only match a word that begins like a key. All other plain words skip them. */
const PLAIN_WORD = /^(?!.*(?:sk|sess|rk|pk|ek)-|.*eyJ)[\w.-]*$/

/** Origin and path, without user info, query and fragment. */
export function redactUrl(url: URL): string {
  return `${url.origin}${url.pathname}${url.search ? `?${HIDDEN}` : ''}`
}

/**
 * The values of a request that must not be shown: all headers whose name is not known to be harmless, the query, and
 * the password. Called only when there is a text to redact.
 */
export function secretsOf(url: URL, headers: ReadonlyArray<readonly [string, string]>): string[] {
  const secrets: string[] = []
  for (const [name, value] of headers) if (!isHarmlessHeader(name)) addHeader(secrets, name, value)
  if (url.search !== '') addQuery(secrets, url.search)
  if (url.username !== '') secrets.push(url.username)
  if (url.password !== '') secrets.push(url.password)
  return secrets
}

function addHeader(secrets: string[], name: string, value: string): void {
  secrets.push(value)
  // `Bearer x`, or any other scheme of a gateway.
  const scheme = /^[A-Za-z][\w-]*[ \t]+(?=\S)/.exec(value)
  const token = scheme === null ? value : value.slice(scheme[0].length)
  if (scheme !== null) secrets.push(token)
  if (scheme?.[0].trim().toLowerCase() === 'basic') {
    const decoded = Buffer.from(token, 'base64').toString()
    secrets.push(decoded, ...decoded.split(':'))
  }
  // Cookies and signatures, in parts.
  if (isCredentialHeader(name) && /[;,=\s]/.test(token)) secrets.push(...token.split(/[;,\s]+|=(?=[^=;,\s])/))
}

/** The whole query and its parts. A key without a value may be a secret, too. */
function addQuery(secrets: string[], search: string): void {
  for (const pair of search.slice(1).split('&')) {
    const equals = pair.indexOf('=')
    const key = equals === -1 ? pair : pair.slice(0, equals)
    const value = equals === -1 ? '' : pair.slice(equals + 1)
    // With a value, the key is the name of a parameter.
    secrets.push(...(value === '' ? [key] : [pair, value]))
  }
}
