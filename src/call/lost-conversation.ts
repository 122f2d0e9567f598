import type { AttemptRecord } from '../errors/errors.ts'
import { redactUrl } from '../errors/redact.ts'
import type { Attempt } from './attempt.ts'
import type { CallLog } from './call-log.ts'
import type { CallContext } from './call-request.ts'
import { askHook } from './not-found.ts'
import type { Question } from './question.ts'
import { parseBody } from './request-traits.ts'

/** What a call does about a genuine not-found. */
export class LostConversation {
  readonly #question: Question
  readonly #context: CallContext
  readonly #log: CallLog
  #askedAgain = false

  constructor(question: Question, context: CallContext, log: CallLog) {
    this.#question = question
    this.#context = context
    this.#log = log
  }

  /**
   * Whether there is something to ask. Behind a transport failure the answer may come from a replica that never saw the
   * session: the same bytes are sent once more. After that, or when it was the first answer, the caller may rebuild the
   * request, once.
   *
   * @throws RequestError `hook_failed`; the caller's reason on an abort.
   */
  async goesOn(attempt: Attempt, records: readonly AttemptRecord[]): Promise<boolean> {
    const { onPreviousResponseNotFound: hook } = this.#context
    if (!this.#question.traits.anchored || this.#question.isRebuilt) return false
    const lostBefore = records.some((record) => record.outcome === 'failed')
    if (lostBefore && !this.#askedAgain) {
      this.#askedAgain = true
      return true
    }
    const { url, headers, body } = attempt.request
    const sent = body.kind === 'bytes' ? parseBody(body.bytes, headers) : undefined
    if (hook === undefined || sent === undefined || body.kind !== 'bytes') return false
    const rebuilt = await askHook(
      hook,
      {
        previousResponseId: String(sent.previous_response_id),
        request: { url: redactUrl(url), body: sent },
        attempts: [...records],
        reason: lostBefore ? 'after_transport_failure' : 'first_answer',
      },
      this.#context,
    )
    if (rebuilt?.kind !== 'bytes') return false
    this.#question.rebuild(rebuilt, { url, headers })
    this.#log.rebuilt(attempt.number, body.bytes.length, rebuilt.bytes.length)
    return true
  }
}
