import type { AbortScope } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import { withDeadline } from '../core/race.ts'
import { shownKind } from '../core/shown.ts'
import { ConfigurationError, keepOutOfPrint, RequestError, ResilientError } from '../errors/errors.ts'
import { isCredentialHeader, redact } from '../errors/redact.ts'
import { assertHeader } from '../transport/assert-header.ts'
import type { HeaderPairs } from '../transport/transport.ts'
import { HEADERS_DEADLINE_MS } from '../watchdog/deadlines.ts'
import type { HeadersOption } from './options.ts'

export interface OwnHeaders {
  readonly pairs: HeaderPairs
  /** Which credential they carry: it rises with each refresh. */
  readonly epoch: number
}

/**
 * The headers that the client itself adds. A function is asked for every attempt; when a credential was refused, it is
 * asked for a new one exactly once, however many calls were refused together.
 */
export class HeaderSource {
  readonly #option: HeadersOption | undefined
  readonly #apiKey: string | undefined
  readonly #clock: Clock
  /** Where nobody is asked, they are the same for all. */
  #fixed: OwnHeaders | undefined
  #epoch = 0
  #refreshing: Promise<HeaderPairs> | undefined

  constructor(options: {
    readonly headers: HeadersOption | undefined
    readonly apiKey: string | undefined
    readonly clock: Clock
  }) {
    this.#option = options.headers
    this.#apiKey = options.apiKey
    this.#clock = options.clock
  }

  get canRefresh(): boolean {
    return typeof this.#option === 'function'
  }

  /**
   * @param refusedEpoch the credential that was refused; one that has been replaced since is not refreshed again.
   * @throws RequestError `headers_failed` or `headers_timeout`; the caller's reason on an abort.
   */
  async get(scope: AbortScope, refusedEpoch?: number): Promise<OwnHeaders> {
    if (typeof this.#option !== 'function') {
      this.#fixed ??= { pairs: this.#withKey(Object.entries(this.#option ?? {})), epoch: 0 }
      return this.#fixed
    }
    const refresh = refusedEpoch !== undefined && refusedEpoch === this.#epoch
    const asked = refresh || this.#refreshing !== undefined ? this.#refresh() : this.#ask(false)
    const pairs = await withDeadline(asked, {
      clock: this.#clock,
      ms: HEADERS_DEADLINE_MS,
      scope,
      onTimeout: () => {
        // The next call asks anew, instead of waiting for something that never comes.
        if (this.#refreshing === asked) this.#refreshing = undefined
        return new RequestError(`headers() timed out: it did not settle within ${HEADERS_DEADLINE_MS} ms.`, {
          code: 'headers_timeout',
        })
      },
    })
    return { pairs, epoch: this.#epoch }
  }

  #refresh(): Promise<HeaderPairs> {
    if (this.#refreshing !== undefined) return this.#refreshing
    const refreshing: Promise<HeaderPairs> = this.#ask(true).finally(() => {
      this.#epoch++
      if (this.#refreshing === refreshing) this.#refreshing = undefined
    })
    this.#refreshing = refreshing
    refreshing.catch(() => {})
    return refreshing
  }

  async #ask(refresh: boolean): Promise<HeaderPairs> {
    try {
      const made: unknown = await (this.#option as Exclude<HeadersOption, Readonly<Record<string, string>>>)({
        refresh,
      })
      return this.#withKey(checked(made))
    } catch (error) {
      if (error instanceof ResilientError) throw error
      const detail = error instanceof Error ? redact(error.message) : 'no detail'
      throw keepOutOfPrint(new RequestError(`headers() failed: ${detail}`, { code: 'headers_failed' }), 'cause', error)
    }
  }

  #withKey(pairs: ReadonlyArray<readonly [string, string]>): HeaderPairs {
    const lower = pairs.map(([name, value]) => [name.toLowerCase(), value] as const)
    if (this.#apiKey === undefined || lower.some(([name]) => name === 'authorization')) return lower
    return lower.concat([['authorization', `Bearer ${this.#apiKey}`]])
  }
}

function checked(made: unknown): Array<[string, string]> {
  const isObject = typeof made === 'object' && made !== null
  // Of a `Map` or an array nothing would be sent, or nonsense: their entries are no properties.
  if (!isObject || (Symbol.iterator in made && !(made instanceof Headers))) {
    throw new ConfigurationError(
      `headers(): it returned ${shownKind(made)}; accepted: an object of strings, or a promise of one.`,
      'headers()',
    )
  }
  return (made instanceof Headers ? [...made] : Object.entries(made)).map(([name, value]) => {
    const path = `headers()['${redact(name)}']`
    if (typeof value !== 'string')
      throw new ConfigurationError(`${path}: it returned ${shownKind(value)}; accepted: a string.`, path)
    assertHeader(name, value, path)
    return [name, value]
  })
}

/** The caller's headers with ours in the gaps; tells whether a credential of ours is among them. */
export function fillGaps(
  theirs: HeaderPairs,
  ours: HeaderPairs,
): { readonly pairs: HeaderPairs; readonly credentialIsOurs: boolean } {
  const present = new Set(theirs.map(([name]) => name))
  const added = ours.filter(([name]) => !present.has(name))
  return { pairs: theirs.concat(added), credentialIsOurs: added.some(([name]) => isCredentialHeader(name)) }
}
