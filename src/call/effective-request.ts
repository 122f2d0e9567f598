import type { AskContext } from '../endpoints/endpoint-of.ts'
import type { Endpoints, Route, Target } from '../endpoints/endpoints.ts'
import type { ReplaySafety } from '../errors/errors.ts'
import type { Failure } from '../errors/failure.ts'
import { type ReplayTraits, replaySafety } from '../retry/replay-safety.ts'
import type { HeaderPairs, RequestBody } from '../transport/transport.ts'
import type { CallRequest } from './call-request.ts'
import { type RequestTraits, traitsOf } from './request-traits.ts'

type BytesBody = Extract<RequestBody, { kind: 'bytes' }>

/** The request of every attempt: the caller's, or the one that replaced it after its conversation was lost. */
export class EffectiveRequest {
  readonly #request: CallRequest
  readonly #endpoints: Endpoints | undefined
  #route: Route | undefined
  #rebuilt: { readonly body: BytesBody; readonly traits: RequestTraits } | undefined
  #bodyOpened = false

  constructor(request: CallRequest, endpoints: Endpoints | undefined) {
    this.#request = request
    this.#endpoints = endpoints
    this.#route = this.#findRoute()
  }

  /** It continues a response or a conversation whose owner is not known. */
  get isOwnerUnknown(): boolean {
    return this.#route?.isOwnerUnknown ?? false
  }

  /** Asks the caller for the owner. `undefined`: there is nothing to ask. */
  findOwner(context: AskContext): Promise<void> | undefined {
    return this.#route?.findOwner(context)
  }

  /** The target of the next attempt, if there are several endpoints. */
  pickTarget(): Target | undefined {
    return this.#route?.pick()
  }

  /** Where the call may go: the names of endpoints, or the origin. */
  get candidates(): readonly string[] {
    return this.#route?.candidates ?? [this.#request.url.origin]
  }

  get isRebuilt(): boolean {
    return this.#rebuilt !== undefined
  }

  get traits(): Pick<RequestTraits, 'latency' | 'continuation' | 'commitWithId' | 'asks' | 'continues' | 'stored'> {
    return this.#rebuilt?.traits ?? this.#request
  }

  /** Safe to send again. Other requests must also avoid a connection that its peer is about to close. */
  get isRepeatable(): boolean {
    return replaySafety(this.#replay(true), {}) === 'safe'
  }

  /** May be sent again after a refusal before any work was done. Not possible for a body that can be read once. */
  get isRepeatableWhenRefused(): boolean {
    return replaySafety(this.#replay(true), { refused: true }) === 'safe'
  }

  replaySafety(failed: Failure): ReplaySafety {
    return replaySafety(this.#replay(this.#bodyOpened), failed)
  }

  /**
   * Replaces the caller's body from the next attempt on.
   *
   * @param hasFailed at the endpoints that were tried, which the new request goes to last. One that only does not know a response may get
   * the request that does not name it.
   */
  rebuild(
    body: BytesBody,
    { url, headers }: { readonly url: URL; readonly headers: HeaderPairs },
    hasFailed: boolean,
  ): void {
    const { method } = this.#request
    this.#rebuilt = { body, traits: traitsOf({ method, url, headers: plain(headers), body }) }
    this.#route = this.#findRoute(hasFailed ? this.#route : undefined)
  }

  get body(): RequestBody {
    const { body } = this.#request
    if (this.#rebuilt !== undefined) return this.#rebuilt.body
    if (body.kind !== 'stream') return body
    const open = (): AsyncIterable<Uint8Array> => {
      this.#bodyOpened = true
      return body.open()
    }
    return { ...body, open }
  }

  #findRoute(former?: Route): Route | undefined {
    const { asks, continuation, continues, stored } = this.traits
    const { url, affinity } = this.#request
    const known = { url, model: asks.model, affinity, responseId: continues }
    return this.#endpoints?.routeOf({ ...known, isContinuation: continuation, isStored: stored }, former)
  }

  #replay(bodyOpened: boolean): ReplayTraits {
    const { replay } = this.#request
    const stateful = this.#rebuilt === undefined ? replay.stateful : this.#rebuilt.traits.stateful
    return { ...replay, stateful, bodyOpened }
  }
}

/** The headers of a rebuilt request, whose body has no coding. */
export function plain(headers: HeaderPairs): HeaderPairs {
  return headers.filter(([name]) => name !== 'content-encoding')
}
