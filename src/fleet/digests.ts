import { RecentMap } from '../core/recent-map.ts'
import type { HeaderPairs } from '../transport/transport.ts'

export const { createHash, createHmac, randomUUID } = process.getBuiltinModule('node:crypto')

const MAX_ACCOUNTS = 256

/** By which of these headers accounts are told apart. The token of an account with an id changes, and its id does not. */
const ACCOUNT_ID = 'chatgpt-account-id'
const CREDENTIALS: ReadonlySet<string> = new Set([
  'authorization',
  'api-key',
  'x-api-key',
  'openai-organization',
  'openai-project',
])

/** Digests of what may not be stored: credentials, and ids of responses. Keyed by the name of the fleet. */
export class Digests {
  readonly #key: string
  readonly #known = new RecentMap<string, string>(MAX_ACCOUNTS)

  constructor(name: string) {
    this.#key = `resilient-responses:${name}`
  }

  /** 22 characters. */
  of(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('base64url').slice(0, 22)
  }

  /** Which account these headers are of. Empty where they have no credential. */
  accountOf(headers: HeaderPairs): string {
    const id = headers.find(([name]) => name === ACCOUNT_ID)
    const told = id === undefined ? headers.filter(([name]) => CREDENTIALS.has(name)) : [id]
    if (told.length === 0) return ''
    const text = told.length === 1 ? `${told[0]?.[0]}: ${told[0]?.[1]}` : JSON.stringify(told.toSorted())
    return this.#known.obtain(text, () => this.of(text))
  }
}
