import { isCredentialHeader } from '../errors/header-names.ts'
import { redactWord, secretsOf } from '../errors/redact.ts'
import type { HeaderPairs } from '../transport/transport.ts'

/** Longer than the words of a request can be. */
const LONGEST = 100
/** An address without secrets. */
const ONLY_HEADERS = new URL('http://localhost')

/**
 * Makes words of a request safe to log and to share: a program may send anything in the place of a model, also its key. Hides what
 * looks like a key, control characters, and the credential of the request. The values of other headers are not hidden: a gateway may
 * take the name of the model in one.
 */
export function safeWords(given: HeaderPairs): (word: string) => string {
  const credentials = given.filter(([name]) => isCredentialHeader(name))
  const secrets = secretsOf(ONLY_HEADERS, credentials)
  return (word) => (word === '' ? '' : redactWord(word, secrets, LONGEST))
}
