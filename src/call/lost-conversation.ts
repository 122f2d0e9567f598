import type { AbortScope } from '../core/abort.ts'
import type { AttemptRecord } from '../errors/errors.ts'
import { type Failure, failure } from '../errors/failure.ts'
import { redactUrl } from '../errors/redact.ts'
import type { TransportRequest } from '../transport/transport.ts'
import type { Attempt } from './attempt.ts'
import type { CallLog } from './call-log.ts'
import type { CallContext } from './call-request.ts'
import type { EffectiveRequest } from './effective-request.ts'
import { askHook, type PreviousResponseNotFoundContext } from './not-found.ts'
import { parseBody } from './request-traits.ts'

export type LostRequest = Pick<TransportRequest, 'url' | 'headers' | 'body'>

/** The failure of a request that continues a response of which it is not known where it lives. */
export function ownerUnknown(): Failure {
  return failure(
    'state_not_portable',
    'It is not known which of the endpoints is the owner of previous_response_id. Name it with endpointOf(id), or rebuild the request in onPreviousResponseNotFound.',
  )
}

/** The failure of a request that continues what one WebSocket's server kept, and no other. @param why it cannot be continued. */
export function onlyCopyLost(why: string): Failure {
  return failure(
    'previous_response_not_found',
    `The response of previous_response_id was made with store: false on a WebSocket, whose server alone keeps it. ${why} Send the whole input without previous_response_id, or rebuild it in onPreviousResponseNotFound.`,
  )
}

/** The call whose response cannot be continued. */
export interface LosingCall {
  readonly effective: Pick<EffectiveRequest, 'traits' | 'isRebuilt' | 'rebuild'>
  readonly context: Pick<CallContext, 'clock' | 'onPreviousResponseNotFound'>
  readonly scope: AbortScope
  readonly log: Pick<CallLog, 'rebuilt'>
}

/** Handles a response that cannot be continued: a genuine not-found, or an unknown owner. */
export class LostConversation {
  readonly #call: LosingCall
  #askedAgain = false

  constructor(call: LosingCall) {
    this.#call = call
  }

  /**
   * Whether to send a request again. After a transport failure the answer may come from a replica without the session,
   * so the same bytes are sent again. After that, or if it was the first answer, the caller may rebuild the request,
   * once.
   *
   * @throws RequestError `hook_failed`; the caller's reason on an abort.
   */
  async goesOn(attempt: Attempt, records: readonly AttemptRecord[]): Promise<boolean> {
    if (!this.#call.effective.traits.continuation || this.#call.effective.isRebuilt) return false
    const lostBefore = records.some((record) => record.outcome === 'failed')
    if (lostBefore && !this.#askedAgain) {
      this.#askedAgain = true
      return true
    }
    const reason = lostBefore ? 'after_transport_failure' : 'first_answer'
    return this.#isRebuilt(attempt.request, attempt.number, records, reason)
  }

  /** Whether to send a request although the owner is not known: the caller may rebuild it. */
  resolvesOwner(request: LostRequest): Promise<boolean> {
    return this.#isRebuilt(request, 0, [], 'state_not_portable')
  }

  /** Whether there is something to ask although the only copy of the response is gone: the caller may rebuild the request. */
  async goesOnWithoutSocket(
    request: LostRequest,
    attempt: number,
    records: readonly AttemptRecord[],
  ): Promise<boolean> {
    return !this.#call.effective.isRebuilt && this.#isRebuilt(request, attempt, records, 'socket_lost')
  }

  async #isRebuilt(
    { url, headers, body }: LostRequest,
    attempt: number,
    records: readonly AttemptRecord[],
    reason: PreviousResponseNotFoundContext['reason'],
  ): Promise<boolean> {
    const { onPreviousResponseNotFound: hook } = this.#call.context
    const sent = body.kind === 'bytes' ? parseBody(body.bytes, headers) : undefined
    if (hook === undefined || sent === undefined || body.kind !== 'bytes') return false
    const rebuilt = await askHook(
      hook,
      {
        previousResponseId: String(sent.previous_response_id),
        request: { url: redactUrl(url), body: sent },
        attempts: [...records],
        reason,
      },
      { clock: this.#call.context.clock, scope: this.#call.scope },
    )
    if (rebuilt?.kind !== 'bytes') return false
    this.#call.effective.rebuild(rebuilt, { url, headers }, reason === 'socket_lost' && attempt > 0)
    this.#call.log.rebuilt(attempt, body.bytes.length, rebuilt.bytes.length)
    return true
  }
}
