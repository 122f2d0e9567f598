import type { Abortable, AbortScope } from '../core/abort.ts'
import { sleep } from '../core/race.ts'
import type { AskContext } from '../endpoints/endpoint-of.ts'
import { ERROR_CATALOG } from '../errors/catalog.ts'
import type { AttemptRecord, GiveUpReason, ResilientError } from '../errors/errors.ts'
import type { Failure } from '../errors/failure.ts'
import type { CallEndEvent } from '../telemetry/events.ts'
import { type CallDeadlines, callEndsAt, firstOfCall } from '../watchdog/deadlines.ts'
import { rememberAborted } from './aborted-history.ts'
import type { Attempt } from './attempt.ts'
import { AttemptRunner, type AttemptRunnerOwner } from './attempt-runner.ts'
import { deadlinesOf } from './call-deadlines.ts'
import { CallLog } from './call-log.ts'
import type { CallContext, CallRequest } from './call-request.ts'
import { EffectiveRequest } from './effective-request.ts'
import { LostConversation, ownerUnknown } from './lost-conversation.ts'
import { nothingLeft } from './nothing-left.ts'
import { OnSockets } from './on-sockets.ts'
import { tellPushback, waitForPushbacks } from './pushback-wait.ts'
import { ReaderWait } from './reader-wait.ts'
import { ASK_AGAIN, RETRY_WITH_NEW_CREDENTIAL, RetryDecisions } from './retry-decisions.ts'
import { acquireSlot, outOfTime } from './slot.ts'
import { targetEndOf } from './target-end.ts'
import { isIdSecret, toError } from './to-error.ts'

export type { CallContext, CallRequest, HeaderAsk } from './call-request.ts'

/** Result of a call: an attempt whose output can be taken. */
export interface CallOutcome {
  readonly attempt: Attempt
  /** Why there was no further attempt. Set if the endpoint reported a failure, or no event of a resumed response came. */
  readonly gaveUp: { readonly reason: GiveUpReason; readonly failure: Failure } | undefined
}

/** One call over all its attempts. `run` is its whole life until there is output to hand over. */
export class Call implements AttemptRunnerOwner, Abortable {
  readonly log: CallLog
  readonly request: CallRequest
  readonly effective: EffectiveRequest
  /** Made when needed: most calls lose no conversation. */
  #lostConversation: LostConversation | undefined
  readonly context: CallContext
  readonly scope: AbortScope
  readonly deadlines: CallDeadlines
  /** Made when needed: most calls fail in no attempt. */
  #decisions: RetryDecisions | undefined
  readonly #records: AttemptRecord[]
  readonly #runner: AttemptRunner
  /** Set if the client has WebSockets. */
  readonly #onSockets: OnSockets | undefined
  /** Made when needed: most calls wait for no reader. */
  #readerWait: ReaderWait | undefined
  #over = false

  /** @param scope with which the call is aborted. It is disposed when the call ends. */
  constructor(request: CallRequest, context: CallContext, scope: AbortScope) {
    this.request = request
    this.scope = scope
    this.effective = new EffectiveRequest(request, context.endpoints)
    this.context = context
    const { earlier, startedAt } = context
    this.#records = earlier === undefined ? [] : [...earlier]
    this.log = new CallLog(context.clock, context.telemetry, earlier === undefined ? undefined : startedAt)
    this.deadlines = deadlinesOf(context, startedAt ?? this.log.startedAt, request.latency.kind === 'stream')
    this.#runner = new AttemptRunner(this)
    this.#onSockets = context.sockets && new OnSockets(this, this.#runner)
  }

  get decisions(): RetryDecisions {
    this.#decisions ??= new RetryDecisions(this)
    return this.#decisions
  }

  get retries(): number {
    return this.#decisions?.retries ?? 0
  }

  /** The history so far, in order. */
  get attempts(): readonly AttemptRecord[] {
    return this.#records
  }

  /**
   * Makes attempts until there is output to hand over, or no further attempt.
   *
   * @throws the caller's own reason on an abort; else a `ResilientError` with the history of the call.
   */
  run(): Promise<CallOutcome> {
    this.log.started(this.request)
    this.scope.watch(this)
    return this.#endOnError(async () => {
      const arriving = this.context.fleet?.arrive(this.request.url.origin)
      const asking = this.effective.findOwner(this.#asking())
      if (arriving !== undefined || asking !== undefined) await Promise.all([arriving, asking])
      if (this.effective.isOwnerUnknown) await this.#resolveOwner()
      this.#runner.permit = await acquireSlot(this)
      return this.#untilOpened()
    })
  }

  /**
   * Continues after an attempt whose output was handed over, for faces that can take it back. Retries are decided as
   * before, except that the commit does not prevent one.
   *
   * @returns the same attempt with `gaveUp`, if the endpoint itself reported the failure and there is no further
   * attempt.
   * @throws the error of the attempt if there is no further one.
   */
  restart(attempt: Attempt, failed: Failure): Promise<CallOutcome> {
    return this.#endOnError(async () => {
      this.assertReaderInTime(attempt, failed)
      if (await this.#onSockets?.rebuildsStrict(attempt, failed)) {
        await this.#before(attempt, 0)
        return this.#untilOpened()
      }
      const decision = this.decisions.after(attempt, failed, false)
      this.log.decided(attempt.number, failed.code, decision)
      if (!decision.retry) {
        if (ERROR_CATALOG[failed.code].family !== 'upstream') throw this.errorOf(failed, attempt, decision.reason)
        this.#end('failed', failed)
        return { attempt, gaveUp: { reason: decision.reason, failure: failed } }
      }
      await this.#before(attempt, decision.delayMs)
      return this.#untilOpened()
    })
  }

  /** The caller aborted, or the client was destroyed. */
  abort(reason: unknown): void {
    // A broken attempt may wait for its consumer, which never comes back after leaving.
    if (this.#runner.abort(reason)) this.#end('aborted', undefined)
  }

  /** Ends a call that could have been restarted and was not. */
  finish(failed: Failure): void {
    this.#end('failed', failed)
  }

  /**
   * The reader of a broken attempt has come, and continues.
   *
   * @throws the error of the attempt if the call has ended because the reader came too late.
   */
  assertReaderInTime(attempt: Attempt, failed: Failure): void {
    this.#readerWait?.stop()
    const tooLate = this.#readerWait?.tooLate(failed)
    if (tooLate !== undefined) throw this.errorOf(tooLate, attempt, 'deadline_exceeded')
  }

  /** @throws StateNotPortableError, unless the caller rebuilds the request. */
  async #resolveOwner(): Promise<void> {
    const { url, given, body } = this.request
    if (await this.lostConversation.resolvesOwner({ url, headers: given, body })) {
      const asking = this.effective.findOwner(this.#asking())
      if (asking !== undefined) await asking
      return
    }
    throw this.errorOf(ownerUnknown(), undefined, 'not_retryable')
  }

  /** The context in which the caller names the owner. */
  #asking(): AskContext {
    const { scope, deadlines, context } = this
    return {
      clock: context.clock,
      scope,
      leftMs: callEndsAt(deadlines) - context.clock.now(),
      outOfTime: () => this.errorOf(outOfTime(firstOfCall(deadlines)), undefined),
    }
  }

  async #untilOpened(): Promise<CallOutcome> {
    for (let refresh = false; ; ) {
      this.scope.throwIfAborted()
      const { attempt, opened } = await (this.#onSockets ?? this.#runner).run(refresh)
      if (opened.kind === 'aborted') throw opened.reason
      if (opened.kind === 'lost') throw new TypeError('an attempt that lost cannot decide')
      if (opened.kind === 'committed') return { attempt, gaveUp: undefined }

      const isNotFound = opened.failure.code === 'previous_response_not_found'
      const goesAnotherWay = await this.#onSockets?.goesAnotherWay(attempt, opened.failure)
      if (goesAnotherWay || (isNotFound && (await this.#goesOn(attempt)))) {
        this.log.decided(attempt.number, opened.failure.code, ASK_AGAIN)
        await this.#before(attempt, 0)
        refresh = false
        continue
      }
      refresh = this.decisions.takeRefresh(opened.failure)
      const decision = refresh
        ? RETRY_WITH_NEW_CREDENTIAL
        : this.decisions.after(attempt, opened.failure, attempt.committed)
      this.log.decided(attempt.number, opened.failure.code, decision)
      if (!decision.retry) return this.#giveUp(attempt, opened.failure, decision.reason)
      await this.#before(attempt, decision.delayMs)
    }
  }

  /** After a genuine not-found: whether to continue, with the same request or a rebuilt one. */
  async #goesOn(attempt: Attempt): Promise<boolean> {
    if (callEndsAt(this.deadlines) <= this.context.clock.now()) return false
    return this.lostConversation.goesOn(attempt, this.#records)
  }

  get lostConversation(): LostConversation {
    this.#lostConversation ??= new LostConversation(this)
    return this.#lostConversation
  }

  /** Waits between two attempts. */
  async #before(previous: Attempt, delayMs: number): Promise<void> {
    const { clock } = this.context
    previous.output.discard(undefined)
    this.#runner.clear()
    if (delayMs > 0) await sleep(delayMs, { clock, scope: this.scope })
    if (this.context.fleet !== undefined) await waitForPushbacks(this, () => {})
  }

  async #endOnError(act: () => Promise<CallOutcome>): Promise<CallOutcome> {
    try {
      return await act()
    } catch (error) {
      this.#end(this.scope.aborted ? 'aborted' : 'failed', undefined)
      throw error
    }
  }

  /** The error of a failure, with everything the call knows. */
  errorOf(failure: Failure, attempt?: Attempt, reason?: GiveUpReason): ResilientError {
    return this.laterErrorOf(failure, attempt, reason)()
  }

  /** Makes the error of a failure on demand. Until then it only keeps the history of the call alive. */
  laterErrorOf(failure: Failure, attempt?: Attempt, reason?: GiveUpReason): () => ResilientError {
    const failed = { ...failure, responseId: failure.responseId ?? attempt?.responseId }
    const facts = {
      attempts: this.#records,
      attemptsBefore: this.context.attemptsBefore,
      giveUpReason: reason ?? (attempt?.committed ? 'committed' : undefined),
      ...this.log.origin,
      replaySafety: this.effective.replaySafety(failure),
      responseStarted: attempt?.times.lastByteAt !== undefined,
      phase: attempt?.record?.phase ?? 'preparing',
      continuation: this.effective.traits.continuation,
      committed: attempt?.committed ?? false,
      commitReason: attempt?.commitReason,
      lastSequenceNumber: attempt?.lastSequenceNumber,
      hidesResponseId: isIdSecret(failed.responseId, attempt?.secrets),
    } as const
    return () => toError(failed, facts)
  }

  onAttemptEnded(attempt: Attempt): void {
    if (attempt.record !== undefined) this.#records.push(attempt.record)
    attempt.target?.ended(targetEndOf(attempt))
    tellPushback(this, attempt)
    if (!attempt.committed) return
    if (this.context.restartable && attempt.failed?.lane !== undefined) {
      this.#awaitReader(attempt, attempt.failed)
      return
    }
    const aborted = attempt.record?.outcome === 'aborted'
    if (!aborted && attempt.failed === undefined) this.context.budget?.deposit()
    this.#end(aborted ? 'aborted' : attempt.failed === undefined ? 'completed' : 'failed', attempt.failed)
  }

  /** Waits until nothing was read for `staleMs`, or the time of the call is over. */
  #awaitReader({ times }: Attempt, failed: Failure): void {
    const { clock, timeouts } = this.context
    const until = (times.pausedAt ?? clock.now()) + (timeouts.staleMs.ms || Infinity)
    this.#readerWait ??= new ReaderWait(clock)
    this.#readerWait.start(Math.min(until, callEndsAt(this.deadlines)), () => this.#end('failed', failed))
  }

  /** The result of a failed call: the endpoint's own answer if the last failure was one, else the last real error. */
  #giveUp(attempt: Attempt, failed: Failure, reason: GiveUpReason): CallOutcome {
    const { record } = attempt
    // An answer that is handed over has no error, so the attempt record gets the reason.
    if (record !== undefined) {
      this.#records[this.#records.indexOf(record)] = { ...record, giveUpReason: reason, retryAfterMs: failed.hintMs }
    }
    const isAnswer = record?.outcome === 'answered' && ERROR_CATALOG[failed.code].family === 'upstream'
    if (!isAnswer && !nothingLeft(this.request, attempt, failed)) {
      throw failed.thrown === undefined ? this.errorOf(failed, attempt, reason) : failed.thrown.error
    }
    this.#end('failed', failed)
    return { attempt, gaveUp: { reason, failure: failed } }
  }

  #end(outcome: CallEndEvent['outcome'], failed: Failure | undefined): void {
    if (this.#over) return
    this.#over = true
    this.#readerWait?.stop()
    this.#runner.end()
    if (outcome === 'aborted') rememberAborted(this)
    this.scope.dispose()
    const own = this.#records.length - (this.context.earlier?.length ?? 0)
    this.log.ended(outcome, own, failed?.code ?? this.#records.at(-1)?.code)
    this.context.onEnded(this.scope)
  }
}
