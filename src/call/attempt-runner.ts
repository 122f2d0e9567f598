import type { Permit } from '../admission/admission.ts'
import { readRateWindow } from '../admission/rate-window.ts'
import type { AbortScope } from '../core/abort.ts'
import { appended, NONE } from '../core/lists.ts'
import type { TargetEnd } from '../endpoints/endpoints.ts'
import type { HedgeCause } from '../errors/errors.ts'
import type { Failure } from '../errors/failure.ts'
import type { HedgePlan, HedgeRefusal } from '../hedge/hedging.ts'
import { isPublicHost } from '../hedge/public-origin.ts'
import type { HeaderPairs } from '../transport/transport.ts'
import { type CallDeadlines, limitsFor } from '../watchdog/deadlines.ts'
import { Attempt, type AttemptOwner } from './attempt.ts'
import { headersOfAttempt } from './attempt-headers.ts'
import { AttemptLog } from './attempt-log.ts'
import type { CallLog } from './call-log.ts'
import type { CallContext, CallRequest } from './call-request.ts'
import type { EffectiveRequest } from './effective-request.ts'
import { HedgeRace, type RaceOutcome } from './hedge-race.ts'
import { committingAtOnce, isLastAttempt } from './last-attempt.ts'
import type { RetryDecisions } from './retry-decisions.ts'
import { LostOnSocket, type SocketRoute } from './socket-plan.ts'

/** The call that runs the attempts. */
export interface AttemptRunnerOwner extends AttemptOwner {
  readonly request: CallRequest
  readonly effective: EffectiveRequest
  readonly context: CallContext
  readonly scope: AbortScope
  readonly deadlines: CallDeadlines
  readonly log: CallLog
  /** Number of retries so far. */
  readonly retries: number
  readonly decisions: Pick<RetryDecisions, 'couldRepeat'>
  errorOf(failure: Failure): Error
}

const NOTHING_SENT: TargetEnd = { report: undefined, hintMs: undefined }

/** Runs the attempts of a call, round by round: one at a time, or hedged if that is wanted and safe. */
export class AttemptRunner implements AttemptOwner {
  readonly #call: AttemptRunnerOwner
  /** The first attempt of the round: it runs, or its output is being taken. */
  #first: Attempt | undefined
  /** The other attempts of the round. Only a hedged call has some. */
  #hedges: readonly Attempt[] = NONE
  #attemptNumber: number
  #ttfbCuts = 0
  #plan: HedgePlan | undefined
  #route: SocketRoute | undefined
  /** The permit of the call, if calls are limited. */
  permit: Permit | undefined

  constructor(call: AttemptRunnerOwner) {
    this.#call = call
    this.#attemptNumber = call.context.earlier?.length ?? 0
  }

  /** The ways of the call over WebSockets; `undefined` if it has none. */
  get route(): SocketRoute | undefined {
    return this.#route
  }

  /** Ends what is running. Returns whether there was anything. */
  abort(reason: unknown): boolean {
    const first = this.#first
    const hedges = this.#hedges
    first?.abort(reason)
    for (const attempt of hedges) attempt.abort(reason)
    return first !== undefined
  }

  /** The round is over, and its output was not taken. */
  clear(): void {
    this.#first = undefined
    this.#hedges = NONE
  }

  /** The call is over. */
  end(): void {
    this.#plan?.callEnded()
    this.permit?.release()
  }

  /**
   * One attempt, or several side by side if that is wanted and safe.
   *
   * @throws LostOnSocket if the request continues a response that cannot be continued any more.
   */
  async run(refresh: boolean): Promise<RaceOutcome> {
    const { sockets } = this.#call.context
    if (sockets !== undefined) this.#route ??= await sockets.routeOf(this.#call)
    const plan = this.#hedgePlan()
    if (plan === undefined || !plan.isReady) return this.#single(refresh, plan)
    let newCredential = refresh
    const { context, log } = this.#call
    const race = new HedgeRace({
      clock: context.clock,
      plan,
      launch: (asking, hedge) => {
        const launched = this.#attempt(newCredential, asking, hedge)
        newCredential = false
        return launched
      },
      enter: () => this.#placeForHedge(plan),
      onHedge: (told) => log.hedged(told),
    })
    return race.outcome
  }

  /** One attempt by itself. Its times are learnt if a later call may be hedged. */
  async #single(refresh: boolean, plan: HedgePlan | undefined): Promise<RaceOutcome> {
    const { clock } = this.#call.context
    const attempt = (await this.#attempt(refresh, undefined, undefined, plan)) as Attempt
    const startedAt = clock.now()
    const opened = await attempt.opened
    if (plan !== undefined && opened.kind === 'failed') {
      if (opened.failure.lane === 'pushback') plan.pushedBack()
      if (opened.failure.code === 'ttfb_timeout') plan.died(clock.now() - startedAt)
    }
    return { attempt, opened }
  }

  /** Every hedge takes its own permit, and never waits for one. */
  #placeForHedge({ settings }: HedgePlan): (() => void) | HedgeRefusal {
    const { context, request } = this.#call
    if (settings.isAuto && this.#attemptNumber > context.policy.maxRetries) return 'retries'
    if (context.admission === undefined) return () => {}
    return context.admission.gate.enterNow(request.url.origin) ?? 'concurrency'
  }

  #hedgePlan(): HedgePlan | undefined {
    const { context, request, effective } = this.#call
    const { hedge } = context
    const { url, method } = request
    const { latency, continuation, asks } = effective.traits
    if (hedge === undefined || method !== 'POST' || latency.kind !== 'stream') return undefined
    if (!effective.isRepeatable || this.#route?.isStrict) return undefined
    if (hedge.settings.isAuto && !this.#mayHedgeUnasked()) return undefined
    this.#plan ??= hedge.hedging.planFor(
      { origin: url.origin, ...asks, continuation, inputTokens: latency.estimatedInputTokens },
      hedge.settings,
    )
    return this.#plan
  }

  /** Whether `hedge: 'auto'` may hedge this call, independently of the origin. */
  #mayHedgeUnasked(): boolean {
    const { context, request, effective } = this.#call
    const { asks } = effective.traits
    return (
      context.policy.maxRetries > 0 &&
      context.transport.abilities.choosesConnection &&
      request.dispatcher === undefined &&
      asks.tier !== 'flex' &&
      asks.tier !== 'priority' &&
      !asks.hasToolEffects &&
      isPublicHost(request.url.hostname)
    )
  }

  /** `undefined` only if the race was decided meanwhile. */
  async #attempt(
    refresh: boolean,
    race?: HedgeRace,
    hedge?: HedgeCause,
    plan = this.#plan,
  ): Promise<Attempt | undefined> {
    const { request, effective, context, scope, deadlines, log } = this.#call
    const { permit } = this
    const { method, dispatcher, signal, callersForm } = request
    const { latency, commitWithId } = effective.traits
    const { transport, clock, timeouts, reading, sendIn } = context
    const target = effective.pickTarget()
    const url = target?.url ?? request.url
    const asking = headersOfAttempt(this.#call, { number: this.#attemptNumber + 1, refresh, race, target })
    const headers = await asking.catch((error: unknown) => {
      target?.ended(NOTHING_SENT)
      throw error
    })
    if (scope.aborted || race?.decided) target?.ended(NOTHING_SENT)
    scope.throwIfAborted()
    if (race?.decided) return undefined
    const way = this.#route?.plan({ url, headers, isHedge: hedge !== undefined, isRefreshed: refresh })
    if (way?.kind === 'lost') {
      target?.ended(NOTHING_SENT)
      throw new LostOnSocket(way.why, { url, headers })
    }
    const onSocket = way?.kind === 'socket' ? way : undefined
    const isLast = isLastAttempt({
      context,
      effective,
      retries: this.#call.retries,
      attemptsBefore: this.#attemptNumber,
      isRace: race !== undefined,
    })
    const isFirst = this.#attemptNumber === (context.earlier?.length ?? 0)
    const number = ++this.#attemptNumber
    const startedAt = clock.now()
    const attempt = new Attempt({
      number,
      request: {
        url,
        method,
        headers,
        body: effective.body,
        connection: onSocket?.connection ?? (isFirst && effective.isRepeatable ? 'any' : 'fresh'),
        dispatcher,
        callersForm,
        signal,
        attempt: number,
      },
      transport: onSocket?.transport ?? transport,
      clock,
      log: new AttemptLog(log, number, hedge, way?.facts),
      limits: limitsFor(timeouts, latency, this.#ttfbCuts, race !== undefined && !plan?.settings.isAuto),
      deadlines,
      target,
      kind: latency.kind,
      commitWithId,
      expects: request.expects,
      sendIn: sendIn && ((send) => sendIn({ callId: log.id, attempt: number }, send)),
      reading: isLast ? committingAtOnce(reading) : reading,
      couldRepeat: latency.kind === 'passthrough' ? (failed) => this.#call.decisions.couldRepeat(failed) : undefined,
      onHead:
        permit === undefined && plan === undefined
          ? undefined
          : ({ headers }) => {
              permit?.answered(headers)
              if (plan !== undefined) this.#learnRate(plan, headers)
            },
      onFirstEvent:
        race !== undefined
          ? (alive) => race.firstEvent(alive)
          : plan === undefined
            ? undefined
            : () => plan.answered(clock.now() - startedAt),
      onCommit: race === undefined ? undefined : (winner) => race.committing(winner),
      owner: this,
    })
    if (this.#first === undefined) this.#first = attempt
    else this.#hedges = appended(this.#hedges, attempt)
    return attempt
  }

  #learnRate(plan: HedgePlan, headers: HeaderPairs): void {
    const now = this.#call.context.clock.now()
    for (const kind of ['requests', 'tokens'] as const) {
      const window = readRateWindow(headers, kind, now)
      if (window !== undefined && window.limit > 0) plan.rateLeft(window.remaining / window.limit, window.resetMs)
    }
  }

  onAttemptEnded(attempt: Attempt): void {
    if (attempt.failed?.code === 'ttfb_timeout') this.#ttfbCuts++
    this.#call.onAttemptEnded(attempt)
  }
}
