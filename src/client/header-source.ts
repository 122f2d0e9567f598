import type { HeaderAsk } from '../call/call.ts'
import { AbortScope } from '../core/abort.ts'
import { captureContext, type InContext } from '../core/async-context.ts'
import type { Clock } from '../core/clock.ts'
import { withDeadline } from '../core/race.ts'
import { RecentMap } from '../core/recent-map.ts'
import { shortTime } from '../core/short-time.ts'
import { shownKind } from '../core/shown.ts'
import { type ConfigurationError, keepOutOfPrint, RequestError } from '../errors/errors.ts'
import { isCredentialHeader } from '../errors/header-names.ts'
import { redact } from '../errors/redact.ts'
import { assertHeader, hasOwnFields, headerPath } from '../transport/assert-header.ts'
import type { HeaderPairs } from '../transport/transport.ts'
import { HEADERS_DEADLINE_MS } from '../watchdog/deadlines.ts'
import type { HeadersContext, HeadersOption } from './headers-option.ts'

/** What the headers of one attempt depend on. */
export type OwnHeaderAsk = HeaderAsk & { readonly method: string }

/** The headers of one call. Made for every attempt, in the asynchronous context of the call. */
export interface CallHeaders {
  /**
   * @throws RequestError `headers_failed` or `headers_timeout`; the caller's reason on an abort.
   */
  get(ask: OwnHeaderAsk): Promise<HeaderPairs>
}

/** The replacement of a refused credential. */
interface Refresh {
  readonly made: Promise<HeaderPairs>
  readonly scope: AbortScope
  /** Number of calls that wait for it. It ends with the last of them. */
  waiting: number
}

/** Number of refused credentials whose replacement is remembered. */
const MAX_REPLACED = 64

/**
 * The headers that the client adds. A function is called for every attempt. After a refused credential it is called
 * once with `refresh`, however many calls were refused with that credential. Its result is sent by that one call only:
 * it may depend on a tenant in the context of its caller.
 */
export class HeaderSource implements CallHeaders {
  readonly #option: HeadersOption | undefined
  readonly #apiKey: string | undefined
  readonly #clock: Clock
  /** Set if there is no function: the same headers for all calls. */
  #fixed: HeaderPairs | undefined
  /** By the refused headers. */
  readonly #refreshing = new Map<string, Refresh>()
  readonly #replaced = new RecentMap<string, true>(MAX_REPLACED)

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

  ofCall(): CallHeaders {
    if (typeof this.#option !== 'function') return this
    const inContext = captureContext()
    let last: HeaderPairs | undefined
    return {
      get: async (ask) => {
        last = await this.#asked(ask, inContext, ask.refresh ? last : undefined)
        return last
      },
    }
  }

  /** Used if there is no function. */
  async get(): Promise<HeaderPairs> {
    this.#fixed ??= this.#withKey(Object.entries(this.#option ?? {}))
    return this.#fixed
  }

  async #asked(ask: OwnHeaderAsk, inContext: InContext, refused: HeaderPairs | undefined): Promise<HeaderPairs> {
    const scope = ask.scope.child()
    try {
      return await withDeadline(this.#made({ ...ask, scope }, inContext, refused), {
        clock: this.#clock,
        ms: HEADERS_DEADLINE_MS,
        scope: ask.scope,
        onTimeout: () =>
          new RequestError(`headers() timed out: it did not settle within ${shortTime(HEADERS_DEADLINE_MS)}.`, {
            code: 'headers_timeout',
          }),
      })
    } catch (error) {
      // Tells the function to stop, and leaves the refresh to other calls.
      scope.abort(error)
      throw error
    } finally {
      scope.dispose()
    }
  }

  async #made(ask: OwnHeaderAsk, inContext: InContext, refused: HeaderPairs | undefined): Promise<HeaderPairs> {
    const isKnown = (pairs: HeaderPairs): boolean =>
      this.#refreshing.has(keyOf(pairs)) || this.#replaced.peek(keyOf(pairs)) === true
    if (refused !== undefined && !isKnown(refused)) return this.#refresh(ask, inContext, refused)
    const renewedMeanwhile = refused === undefined ? undefined : await this.#wait(refused, ask.scope)
    const pairs = await this.#ask(ask, inContext, false, ask.scope)
    // The function has stored the new credential, or returns the same headers as to the call that renewed them.
    if (refused !== undefined && keyOf(pairs) === keyOf(refused))
      return renewedMeanwhile ?? this.#refresh(ask, inContext, refused)
    const renewed = await this.#wait(pairs, ask.scope)
    if (renewed === undefined) return pairs
    const again = await this.#ask(ask, inContext, false, ask.scope)
    return keyOf(again) === keyOf(pairs) ? renewed : again
  }

  /** Waits for the refresh of this credential. `undefined` if no refresh is under way. */
  async #wait(refused: HeaderPairs, scope: AbortScope): Promise<HeaderPairs | undefined> {
    const refresh = this.#refreshing.get(keyOf(refused))
    return refresh === undefined ? undefined : this.#share(refresh, scope)
  }

  #refresh(ask: OwnHeaderAsk, inContext: InContext, refused: HeaderPairs): Promise<HeaderPairs> {
    const key = keyOf(refused)
    const underWay = this.#refreshing.get(key)
    if (underWay !== undefined) return this.#share(underWay, ask.scope)
    const scope = new AbortScope(undefined)
    const end = (): void => {
      if (this.#refreshing.get(key) === refresh) this.#refreshing.delete(key)
    }
    const made = this.#ask(ask, inContext, true, scope).finally(() => {
      this.#replaced.set(key, true)
      end()
      scope.dispose()
    })
    made.catch(() => {})
    const refresh: Refresh = { made, scope, waiting: 0 }
    // A later call then starts a new refresh, because all that waited for this one have left.
    scope.watch(end)
    this.#refreshing.set(key, refresh)
    return this.#share(refresh, ask.scope)
  }

  /** Waits for a shared refresh. An abort of one call does not affect the others. */
  async #share(refresh: Refresh, scope: AbortScope): Promise<HeaderPairs> {
    refresh.waiting++
    let isWaiting = true
    const leave = (reason: unknown): void => {
      if (!isWaiting) return
      isWaiting = false
      if (--refresh.waiting === 0) refresh.scope.abort(reason)
    }
    const unwatch = scope.watch(leave)
    try {
      return await refresh.made
    } finally {
      unwatch()
      leave(undefined)
    }
  }

  async #ask(ask: OwnHeaderAsk, inContext: InContext, refresh: boolean, scope: AbortScope): Promise<HeaderPairs> {
    const option = this.#option as Extract<HeadersOption, (context: HeadersContext) => unknown>
    const ended = new SignalOf(scope)
    const context = contextOf({ ...ask, refresh }, ended)
    try {
      const made: unknown = await inContext(() => option(context))
      return this.#withKey(checkedHeaders(made, 'headers()'))
    } catch (error) {
      if (error instanceof NoHeadersError) throw new RequestError(error.message, { code: 'headers_failed' })
      const detail = error instanceof Error ? redact(error.message) : 'no detail'
      throw keepOutOfPrint(new RequestError(`headers() failed: ${detail}`, { code: 'headers_failed' }), 'cause', error)
    } finally {
      ended.dispose()
    }
  }

  #withKey(pairs: ReadonlyArray<readonly [string, string]>): HeaderPairs {
    const lower = pairs.map(([name, value]) => [name.toLowerCase(), value] as const)
    if (this.#apiKey === undefined || lower.some(([name]) => name === 'authorization')) return lower
    return lower.concat([['authorization', `Bearer ${this.#apiKey}`]])
  }
}

/** A key for comparison. It is not stored elsewhere. */
function keyOf(pairs: HeaderPairs): string {
  return JSON.stringify(pairs)
}

/** The argument of a `headers` function. */
export function contextOf(ask: Omit<OwnHeaderAsk, 'scope'>, ended: SignalOf): HeadersContext {
  const { url, method, body, callId, attempt, refresh } = ask
  let copy: Uint8Array | undefined
  return {
    url: url.href,
    method,
    // A copy, made for who reads it: every attempt sends the bytes of the caller.
    get body() {
      if (body.kind === 'bytes') copy ??= new Uint8Array(body.bytes)
      return copy
    },
    callId,
    attempt,
    refresh,
    get signal() {
      return ended.signal
    },
  }
}

/** Makes the signal on first access, because most functions do not use it. */
export class SignalOf {
  readonly #scope: AbortScope | (() => AbortScope)
  #controller: AbortController | undefined
  #unwatch: (() => void) | undefined

  /** @param scope a function is called on first access. */
  constructor(scope: AbortScope | (() => AbortScope)) {
    this.#scope = scope
  }

  get signal(): AbortSignal {
    if (this.#controller !== undefined) return this.#controller.signal
    const controller = new AbortController()
    this.#controller = controller
    const scope = typeof this.#scope === 'function' ? this.#scope() : this.#scope
    if (scope.aborted) controller.abort(scope.reason)
    else this.#unwatch = scope.watch((reason) => controller.abort(reason))
    return controller.signal
  }

  dispose(): void {
    this.#unwatch?.()
  }
}

/** A function did not return valid headers. */
class NoHeadersError extends Error {}

/**
 * The result of a `headers` function, as pairs.
 *
 * @param owner name of the function in messages.
 * @throws NoHeadersError for anything but an object of strings, and for values that could inject headers. Its message
 * holds no value.
 */
export function checkedHeaders(made: unknown, owner: string): Array<[string, string]> {
  const isObject = typeof made === 'object' && made !== null
  if (!isObject || !(made instanceof Headers || hasOwnFields(made))) {
    const without = isObject && !(Symbol.iterator in made) ? ' whose own fields do not hold all of its headers' : ''
    throw new NoHeadersError(
      `${owner}: it returned ${shownKind(made)}${without}; accepted: an object of strings, or a promise of one.`,
    )
  }
  return (made instanceof Headers ? [...made] : Object.entries(made)).map(([name, value]) => {
    const path = headerPath(owner, name)
    if (typeof value !== 'string')
      throw new NoHeadersError(`${path}: it returned ${shownKind(value)}; accepted: a string.`)
    try {
      assertHeader(name, value, path)
    } catch (error) {
      throw new NoHeadersError((error as ConfigurationError).message)
    }
    return [name, value]
  })
}

/** Adds our headers where the caller's are missing. Reports whether a credential of ours was added. */
export function fillGaps(
  theirs: HeaderPairs,
  ours: HeaderPairs,
): { readonly pairs: HeaderPairs; readonly credentialIsOurs: boolean } {
  const present = new Set(theirs.map(([name]) => name))
  const added = ours.filter(([name]) => !present.has(name))
  return { pairs: theirs.concat(added), credentialIsOurs: added.some(([name]) => isCredentialHeader(name)) }
}
