/**
 * What may be shown of a request or an answer. Errors, telemetry and `util.inspect` output carry no credential, cookie,
 * query value or prompt text; texts that come from outside pass through `redact` first.
 */

const HIDDEN = '[redacted]'

/** Excerpts of foreign text are cut here: enough to recognise a page, too little to carry a prompt. */
const EXCERPT_CHARS = 200

/** What is shorter is part of ordinary words. */
const MIN_SECRET = 4

const PATTERNS: ReadonlyArray<readonly [RegExp, string]> = [
  // A cookie header holds several values; everything else ends with its own.
  [/((?:set-)?cookie\\?["']?\s*[:=]\s*\\?["']?)[^\r\n"'\\]+/gi, `$1${HIDDEN}`],
  [/\b(bearer|basic)\s+[\w.~+/=-]+/gi, `$1 ${HIDDEN}`],
  [/\b(?:sk|sess|rk|pk|ek)-[\w*-]{6,}(?:\.[\w*-]+)*/g, HIDDEN],
  [/\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?/g, HIDDEN],
  [
    /((?:api[-_]?key|token|secret|password|passwd|authorization)\\?["']?\s*[:=]\s*\\?["']?)[^\s"'&,;<>\\]+/gi,
    `$1${HIDDEN}`,
  ],
  [/(\b[a-z][a-z\d+.-]*:\/\/)[^\s/@"'<>]+@/gi, `$1${HIDDEN}@`],
  [/(https?:\/\/[^\s"'<>?#]*)[?#][^\s"'<>]*/gi, `$1?${HIDDEN}`],
]

const CREDENTIAL_HEADER = /authorization|cookie|api-?key|token|secret|credential|password/i

/** Whether a header carries a credential, by its name. */
export function isCredentialHeader(name: string): boolean {
  return CREDENTIAL_HEADER.test(name)
}

/** Removes known secrets and everything that looks like one, folds white space, and cuts to an excerpt. */
export function redact(text: string, secrets: readonly string[] = [], maxChars = EXCERPT_CHARS): string {
  // The longest first: one secret may be the beginning of another.
  const known = secrets.filter((secret) => secret.length >= MIN_SECRET).sort((a, b) => b.length - a.length)
  let clean = text.length > maxChars * 8 ? withoutCutSecret(text.slice(0, maxChars * 8), known) : text
  for (const secret of known) clean = clean.replaceAll(secret, HIDDEN)
  for (const [pattern, replacement] of PATTERNS) clean = clean.replace(pattern, replacement)
  clean = clean.replace(/\s+/g, ' ').trim()
  return clean.length > maxChars ? `${clean.slice(0, maxChars - 1)}…` : clean
}

/** Drops the beginning of a secret that the cut left at the end. */
function withoutCutSecret(text: string, known: readonly string[]): string {
  for (const secret of known) {
    for (let length = secret.length - 1; length >= MIN_SECRET; length--) {
      if (text.endsWith(secret.slice(0, length))) return text.slice(0, -length)
    }
  }
  return text
}

/** Origin and path, without user info, query values and fragment. */
export function redactUrl(url: URL): string {
  return `${url.origin}${url.pathname}${url.search ? `?${HIDDEN}` : ''}`
}

/** The values of a request that must never be shown: credentials of its headers and query values of its address. */
export function secretsOf(url: URL, headers: ReadonlyArray<readonly [string, string]>): string[] {
  const secrets: string[] = []
  for (const [name, value] of headers) {
    if (!isCredentialHeader(name)) continue
    secrets.push(value)
    const token = value.slice(value.indexOf(' ') + 1)
    if (token !== value) secrets.push(token)
  }
  // Asking for them makes an object that the address keeps.
  if (url.search !== '') for (const value of url.searchParams.values()) secrets.push(value, encodeURIComponent(value))
  if (url.password) secrets.push(url.password)
  // A copy has no room to spare; it is kept for as long as the stream lasts.
  return secrets.slice()
}
