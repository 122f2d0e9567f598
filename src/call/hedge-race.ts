import type { Clock, TimerHandle } from '../core/clock.ts'
import type { HedgeCause } from '../errors/errors.ts'
import type { HedgeCost, HedgePlan, HedgeRefusal } from '../hedge/hedging.ts'
import type { HedgeEndEvent } from '../telemetry/events.ts'
import type { Attempt } from './attempt.ts'
import type { Opened } from './opened.ts'

/** What a race needs of its call. */
export interface HedgeRaceOptions {
  readonly clock: Clock
  readonly plan: HedgePlan
  /**
   * Starts an attempt whose first event and commit are told to the race. `undefined`: the race was decided before its
   * headers were there. Rejects on the caller's abort, and when its headers could not be had.
   */
  launch(race: HedgeRace, hedge: HedgeCause | undefined): Promise<Attempt | undefined>
  /** A place for one more attempt beside those under way: the function that leaves it, or why there is none. */
  enter(): (() => void) | HedgeRefusal
  onHedge(told: HedgeTold): void
}

export type HedgeTold =
  | ({ readonly kind: 'started'; readonly attempt: number } & HedgeCause)
  | { readonly kind: 'ended'; readonly attempt: number; readonly outcome: HedgeEndEvent['outcome'] }
  | { readonly kind: 'refused'; readonly reason: HedgeRefusal }

/** How a race ends: with the attempt that decides, and how that one opened. */
export interface RaceOutcome {
  readonly attempt: Attempt
  readonly opened: Opened
}

interface Racing {
  readonly attempt: Attempt
  readonly startedAt: number
  /** Of a hedge. */
  readonly cost: HedgeCost | undefined
  /** Leaves the place that the hedge has taken beside the one of its call. */
  readonly leave: (() => void) | undefined
  answered: boolean
}

/** What an attempt is started for: the question itself, or why there is a hedge and what it costs. */
type Launch =
  | { readonly hedge?: never; readonly cost?: never; readonly leave?: never }
  | { readonly hedge: HedgeCause; readonly cost: HedgeCost; readonly leave: () => void }

/** A hedge that was refused is asked for again after this long: budgets fill up, and pushbacks are forgotten. */
const ASK_AGAIN_MS = 1000

/**
 * Attempts of one call side by side: the first to show progress wins, and the others end in the same tick. The original
 * goes on while hedges run; a hedge that fails takes only itself out of the race.
 */
export class HedgeRace {
  readonly outcome: Promise<RaceOutcome>
  readonly #options: HedgeRaceOptions
  /** In the order of their start: the first is the original, or what took its place when it had failed. */
  #racing: Racing[] = []
  /** What is being started: its headers may take a while. */
  #launching: Launch | undefined
  #lastStartAt = 0
  /** Attempts of this race so far, the original included. */
  #started = 0
  /** A hedge was refused for good: so would the next one be. */
  #futile = false
  #decided = false
  #timer: TimerHandle | undefined
  #refused: HedgeRefusal | undefined
  #stop: (() => void) | undefined
  #settle!: (outcome: RaceOutcome) => void
  #reject!: (error: unknown) => void
  /** What decides when no leg is left. */
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

  /** Whoever is preparing an attempt need not go on. */
  whenDecided(stop: () => void): void {
    this.#stop = stop
  }

  /** An attempt's first event: it is alive, and needs no hedge. */
  firstEvent(attempt: Attempt): void {
    const racer = this.#racerOf(attempt)
    if (racer === undefined || racer.answered) return
    racer.answered = true
    this.#options.plan.answered(this.#silenceOf(racer))
    this.#arm()
  }

  /** Told before the commit takes effect: what another leg receives behind it, in the same tick or later, is never read. */
  committing(attempt: Attempt): void {
    const winner = this.#racerOf(attempt)
    if (winner === undefined) return
    this.#decide(winner)
    if (winner.cost === undefined) return
    winner.cost.giveBack()
    this.#tellEnded(winner, 'won')
  }

  /** Attempts that answer at once are heard of before `launch` has settled. */
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
      // Headers that cannot be had for a hedge are no reason to give up on what is on its way.
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
    // Hedges go no further than the original may: a call is over when `ttfbMs` and its retries say so. `auto` has two of them,
    // and only while a retry is left.
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
    // One attempt is left, and its call has a place already.
    winner?.leave?.()
  }

  #lose(racer: Racing, outcome: 'lost' | 'replaced'): void {
    if (!racer.answered && !racer.attempt.ended) this.#options.plan.givenUp(this.#silenceOf(racer))
    racer.attempt.supersede()
    racer.leave?.()
    if (racer.cost !== undefined) this.#tellEnded(racer, outcome)
  }

  // When to start another leg.

  /** None is started before the one before it has become suspect, or would have. */
  #arm(askAgainMs = 0): void {
    this.#disarm()
    if (this.#decided || this.#futile || this.#launching !== undefined || this.#racing.length === 0) return
    if (this.#racing.some(({ answered }) => answered)) return
    const { clock, plan } = this.#options
    if (plan.isSpent) return
    // A plain time says nothing about which attempt is dead: no hedge is replaced, and their number is bounded.
    if (plan.settings.afterMs !== undefined && this.#started >= plan.settings.maxConcurrent) return
    const waitMs = Math.max(askAgainMs, this.#suspectAt - clock.now(), 0)
    this.#timer = clock.setTimer(() => this.#onDue(), waitMs)
  }

  /** The one sum that both the timer and its check go by: what rounding takes from a difference would wake it for ever. */
  get #suspectAt(): number {
    return this.#lastStartAt + this.#options.plan.suspectAfterMs()
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer)
    this.#timer = undefined
  }

  #onDue(): void {
    const armed = this.#timer
    // A blocked event loop makes timers late: what has arrived meanwhile comes first.
    this.#options.clock.afterIO(() => {
      if (this.#timer !== armed || this.#decided) return
      this.#timer = undefined
      this.#hedge()
    })
  }

  #hedge(): void {
    const { clock, plan, enter, onHedge } = this.#options
    // What was learnt since may have moved the moment.
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

  /** All legs are suspect by now. The original stays: it has waited longest, and may be the one that thinks. */
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
