import type { Clock, TimerHandle } from '../core/clock.ts'
import type { HedgeCause } from '../errors/errors.ts'
import type { HedgeCost, HedgePlan, HedgeRefusal } from '../hedge/hedging.ts'
import type { HedgeEndEvent } from '../telemetry/events.ts'
import type { Attempt } from './attempt.ts'
import type { Opened } from './opened.ts'

/** What a race needs from its call. */
export interface HedgeRaceOptions {
  readonly clock: Clock
  readonly plan: HedgePlan
  /**
   * Starts an attempt that reports its first event and its commit to the race. `undefined`: the race was decided before
   * the headers were ready. Rejects on the caller's abort, and if the headers could not be made.
   */
  launch(race: HedgeRace, hedge: HedgeCause | undefined): Promise<Attempt | undefined>
  /** Takes a permit for a further attempt. Returns the function that releases it, or the reason of a refusal. */
  enter(): (() => void) | HedgeRefusal
  onHedge(told: HedgeTold): void
}

export type HedgeTold =
  | ({ readonly kind: 'started'; readonly attempt: number } & HedgeCause)
  | { readonly kind: 'ended'; readonly attempt: number; readonly outcome: HedgeEndEvent['outcome'] }
  | { readonly kind: 'refused'; readonly reason: HedgeRefusal }

/** The result of a race: the deciding attempt, and how it opened. */
export interface RaceOutcome {
  readonly attempt: Attempt
  readonly opened: Opened
}

interface Racing {
  readonly attempt: Attempt
  readonly startedAt: number
  /** Only for a hedge. */
  readonly cost: HedgeCost | undefined
  /** Releases the additional permit of a hedge. */
  readonly leave: (() => void) | undefined
  answered: boolean
}

/** What an attempt is started for: the call itself, or a hedge with its reason and cost. */
type Launch =
  | { readonly hedge?: never; readonly cost?: never; readonly leave?: never }
  | { readonly hedge: HedgeCause; readonly cost: HedgeCost; readonly leave: () => void }

/** After this long a refused hedge is tried again: budgets refill, and pushbacks expire. */
const ASK_AGAIN_MS = 1000

/**
 * Runs attempts of one call side by side. The first one with progress wins, and the others end in the same tick. The
 * original continues while hedges run. A hedge that fails only removes itself from the race.
 */
export class HedgeRace {
  readonly outcome: Promise<RaceOutcome>
  readonly #options: HedgeRaceOptions
  /** In the order of their start. The first is the original, or its replacement after it failed. */
  #racing: Racing[] = []
  /** The attempt that is being started. Making its headers may take a while. */
  #launching: Launch | undefined
  #lastStartAt = 0
  /** Number of attempts of this race so far, including the original. */
  #started = 0
  /** A hedge was finally refused, and a further one would be, too. */
  #futile = false
  #decided = false
  #timer: TimerHandle | undefined
  #refused: HedgeRefusal | undefined
  #stop: (() => void) | undefined
  #settle!: (outcome: RaceOutcome) => void
  #reject!: (error: unknown) => void
  /** Decides when no attempt is left. */
  #lastFailed: RaceOutcome | undefined

  constructor(options: HedgeRaceOptions) {
    this.#options = options
    this.outcome = new Promise((resolve, reject) => {
      this.#settle = resolve
      this.#reject = reject
    })
    void this.#launch({})
  }

  /** No further attempt is wanted. */
  get decided(): boolean {
    return this.#decided
  }

  /** Calls `stop` when the race is decided, to end the preparation of an attempt. */
  whenDecided(stop: () => void): void {
    this.#stop = stop
  }

  /** The first event of an attempt: it is alive, and needs no hedge. */
  firstEvent(attempt: Attempt): void {
    const racer = this.#racerOf(attempt)
    if (racer === undefined || racer.answered) return
    racer.answered = true
    this.#options.plan.answered(this.#silenceOf(racer))
    this.#arm()
  }

  /**
   * Called before the commit takes effect. What other attempts receive after it, even in the same tick, is not read.
   */
  committing(attempt: Attempt): void {
    const winner = this.#racerOf(attempt)
    if (winner === undefined) return
    this.#decide(winner)
    if (winner.cost === undefined) return
    winner.cost.giveBack()
    this.#tellEnded(winner, 'won')
  }

  /** Attempts that answer at once report before `launch` has settled. */
  #racerOf(attempt: Attempt): Racing | undefined {
    return this.#racing.find((racer) => racer.attempt === attempt) ?? this.#join(attempt)
  }

  #join(attempt: Attempt): Racing | undefined {
    if (this.#launching === undefined || this.#decided) return undefined
    const { hedge, cost, leave } = this.#launching
    this.#launching = undefined
    this.#lastStartAt = this.#options.clock.now()
    const racer: Racing = { attempt, startedAt: this.#lastStartAt, cost, leave, answered: false }
    this.#racing.push(racer)
    this.#started++
    if (hedge !== undefined) this.#options.onHedge({ kind: 'started', attempt: attempt.number, ...hedge })
    return racer
  }

  async #launch(begun: Launch): Promise<void> {
    const { launch } = this.#options
    const { hedge, cost, leave } = begun
    this.#launching = begun
    let attempt: Attempt | undefined
    let failed: { readonly error: unknown } | undefined
    try {
      attempt = await launch(this, hedge)
    } catch (error) {
      failed = { error }
    }
    if (attempt === undefined) {
      this.#launching = undefined
      cost?.giveBack()
      leave?.()
      // If making a hedge's headers fails, the race continues with the original.
      if (failed !== undefined && hedge === undefined) this.#reject(failed.error)
      else if (this.#racing.length === 0) this.#settleLast()
      return
    }
    const racer = this.#racerOf(attempt)
    if (racer === undefined) return
    void attempt.opened.then((opened) => this.#onOpened(racer, opened))
    this.#arm()
  }

  #onOpened(racer: Racing, opened: Opened): void {
    if (opened.kind === 'committed') this.#settle({ attempt: racer.attempt, opened })
    if (this.#decided || opened.kind === 'committed' || opened.kind === 'lost') return
    const wasOriginal = this.#racing[0] === racer
    this.#racing = this.#racing.filter((other) => other !== racer)
    racer.leave?.()
    if (opened.kind === 'failed') this.#learn(racer, opened)
    if (racer.cost !== undefined) this.#tellEnded(racer, 'failed')
    if (opened.kind === 'failed' && opened.failure.lane === undefined) this.#futile = true
    this.#lastFailed = { attempt: racer.attempt, opened }
    // With `hedge: true`, hedges end with the original: a call is over when `ttfbMs` and its retries say so. `auto` has
    // at most two hedges, and only while a retry is left.
    const isCut =
      opened.kind === 'failed' && opened.failure.code === 'ttfb_timeout' && !this.#options.plan.settings.isAuto
    const isFinal =
      opened.kind === 'aborted' ||
      (wasOriginal && (opened.failure.lane === undefined || (isCut && !this.#racing.some(({ answered }) => answered))))
    if (isFinal || (this.#racing.length === 0 && this.#launching === undefined)) this.#settleLast()
    else this.#arm()
  }

  #learn(racer: Racing, { failure }: Extract<Opened, { kind: 'failed' }>): void {
    if (failure.lane === 'pushback') this.#options.plan.pushedBack()
    if (failure.code === 'ttfb_timeout') this.#options.plan.died(this.#silenceOf(racer))
  }

  #settleLast(): void {
    if (this.#lastFailed === undefined) return
    this.#decide(undefined)
    this.#settle(this.#lastFailed)
  }

  #decide(winner: Racing | undefined): void {
    this.#decided = true
    this.#disarm()
    this.#stop?.()
    for (const racer of this.#racing) if (racer !== winner) this.#lose(racer, 'lost')
    // The remaining attempt uses the permit of its call.
    winner?.leave?.()
  }

  #lose(racer: Racing, outcome: 'lost' | 'replaced'): void {
    if (!racer.answered && !racer.attempt.ended) this.#options.plan.givenUp(this.#silenceOf(racer))
    racer.attempt.supersede()
    racer.leave?.()
    if (racer.cost !== undefined) this.#tellEnded(racer, outcome)
  }

  // When to start a hedge.

  /** A hedge starts when the latest attempt has become suspect, or would have. */
  #arm(askAgainMs = 0): void {
    this.#disarm()
    if (this.#decided || this.#futile || this.#launching !== undefined || this.#racing.length === 0) return
    if (this.#racing.some(({ answered }) => answered)) return
    const { clock, plan } = this.#options
    if (plan.isSpent) return
    // With `afterMs` it is not known which attempt is dead: no hedge is replaced, and their number is limited.
    if (plan.settings.afterMs !== undefined && this.#started >= plan.settings.maxConcurrent) return
    const waitMs = Math.max(askAgainMs, this.#suspectAt - clock.now(), 0)
    this.#timer = clock.setTimer(() => this.#onDue(), waitMs)
  }

  /**
   * Used by both the timer and its check. With a difference instead of this sum, rounding could wake the timer forever.
   */
  get #suspectAt(): number {
    return this.#lastStartAt + this.#options.plan.suspectAfterMs()
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer)
    this.#timer = undefined
  }

  #onDue(): void {
    const armed = this.#timer
    // A blocked event loop makes timers late. Input that has arrived meanwhile comes first.
    this.#options.clock.afterIO(() => {
      if (this.#timer !== armed || this.#decided) return
      this.#timer = undefined
      this.#hedge()
    })
  }

  #hedge(): void {
    const { clock, plan, enter, onHedge } = this.#options
    // Later knowledge may have moved the moment.
    if (clock.now() < this.#suspectAt) {
      this.#arm()
      return
    }
    const silentMs = clock.now() - this.#lastStartAt
    const leave = enter()
    const cost = typeof leave === 'string' ? leave : plan.take(this.#lastStartAt)
    if (typeof leave === 'string' || typeof cost === 'string') {
      if (typeof leave !== 'string') leave()
      const reason = cost as HedgeRefusal
      if (reason !== this.#refused) onHedge({ kind: 'refused', reason })
      this.#refused = reason
      this.#arm(ASK_AGAIN_MS)
      return
    }
    this.#refused = undefined
    if (this.#racing.length >= plan.settings.maxConcurrent) this.#freeSlot()
    void this.#launch({ hedge: { silentMs, deadProbability: plan.deadProbabilityAt(silentMs) }, cost, leave })
  }

  /** All attempts are suspect. The original is kept: it has waited longest, and may be alive. */
  #freeSlot(): void {
    const oldest = this.#racing[1]
    if (oldest === undefined) return
    this.#racing = this.#racing.filter((racer) => racer !== oldest)
    this.#lose(oldest, 'replaced')
  }

  #silenceOf(racer: Racing): number {
    return this.#options.clock.now() - racer.startedAt
  }

  #tellEnded({ attempt }: Racing, outcome: HedgeEndEvent['outcome']): void {
    this.#options.onHedge({ kind: 'ended', attempt: attempt.number, outcome })
  }
}
