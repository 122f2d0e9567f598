import type { Clock, TimerHandle } from '../core/clock.ts'
import type { CallQuota, FleetFact, FleetLimit, QuotaDemand } from '../fleet-port/fleet-port.ts'
import { LEASE_MS, QuotaHolder } from './call-quota.ts'
import type { GuardedStore } from './guarded-store.ts'
import { KnownFacts } from './known-facts.ts'
import { SYNC } from './scripts.ts'
import type { StoreTime } from './store-time.ts'
import { readReply } from './sync-reply.ts'

/** A process that has calls, or had some lately, reports once in this time. */
const EVERY_MS = 1000
/** While calls wait. */
const EVERY_SHORT_MS = 500
/** The least time between two reports because of quotas. */
const LEAST_MS = 100
/** Without a call for so long it leaves. */
const IDLE_MS = 10_000

export interface OriginSyncOptions {
  readonly origin: string
  readonly store: GuardedStore
  readonly clock: Clock
  readonly time: StoreTime
  readonly process: string
  readonly channel: string
  readonly keys: { readonly quotas: string; readonly facts: string; readonly known: string }
  readonly limit: FleetLimit | undefined
  /** Whether this process may listen on the channel by now. */
  isListening(): boolean
  onFact(fact: FleetFact): void
}

/** What one process exchanges with the others about one origin: one report after the other, never two at once. */
export class OriginSync {
  readonly #options: OriginSyncOptions
  readonly #facts: KnownFacts
  readonly #quota: QuotaHolder | undefined
  #seq = 0
  #epoch = ''
  #reporting: Promise<void> | undefined
  /** Something has happened that the report under way does not tell. */
  #isDirty = false
  #timer: TimerHandle
  #timerAt = Infinity
  #reportedAt = -Infinity
  #activeAt: number
  /** The shortage was reported, and the next report follows in time. */
  #isShortReported = false
  /** A surplus is reported early, once between two reports in time. */
  #mayGiveEarly = true
  /** The last answer granted more than before, and there may be more. */
  #hasGrown = false
  /** The last report was not answered. */
  #isMissed = false
  #hasArrived = false
  #isOver = false

  constructor(options: OriginSyncOptions) {
    this.#options = options
    this.#facts = new KnownFacts(options.origin, options.clock, options.time)
    this.#activeAt = options.clock.now()
    const { clock, limit } = options
    this.#quota = limit && new QuotaHolder({ clock, limit, onChanged: () => this.#changed() })
  }

  /** The first report, for calls that begin before it is answered. */
  arrive(): Promise<void> | undefined {
    this.#activeAt = this.#options.clock.now()
    return this.#hasArrived ? undefined : this.#report()
  }

  quotaOf(demand: QuotaDemand): CallQuota {
    const quota = this.#quota as QuotaHolder
    quota.serve(demand)
    return quota
  }

  tell(fact: FleetFact): void {
    if (this.#facts.learn(fact)) this.#soon(0)
  }

  /** What was published of this origin. */
  published(text: string, forMs: number): void {
    const fact = this.#facts.heard(text, forMs)
    if (fact !== undefined) this.#options.onFact(fact)
  }

  /** What was published meanwhile was missed. */
  listening(): void {
    if (this.#hasArrived) this.#soon(0)
  }

  /** Gives everything back, for good. */
  async leave(): Promise<void> {
    this.#isOver = true
    this.#setTimer(Infinity)
    await this.#reporting
    await this.#rest()
  }

  #changed(): void {
    const { clock } = this.#options
    const quota = this.#quota as QuotaHolder
    this.#activeAt = clock.now()
    if (!quota.isShort) {
      this.#isShortReported = false
      if (this.#timerAt === Infinity) this.#soon(0)
    } else if (!this.#isShortReported) {
      this.#isShortReported = true
      this.#soon(this.#reportedAt + LEAST_MS - clock.now())
    }
  }

  #soon(ms: number): void {
    if (this.#isOver) return
    if (this.#reporting !== undefined) {
      this.#isDirty = true
      return
    }
    const at = this.#options.clock.now() + Math.max(0, ms)
    if (ms <= 0) void this.#report()
    else if (at < this.#timerAt) this.#setTimer(at)
  }

  #setTimer(at: number): void {
    const { clock } = this.#options
    if (this.#timerAt !== Infinity) clock.clearTimer(this.#timer)
    this.#timerAt = at
    if (at === Infinity) return
    this.#timer = clock.setTimer(() => void this.#report(), at - clock.now(), { unref: true })
  }

  #report(): Promise<void> {
    this.#reporting ??= this.#reportOnce().finally(() => {
      this.#reporting = undefined
      this.#schedule()
    })
    return this.#reporting
  }

  async #reportOnce(): Promise<void> {
    const { clock } = this.#options
    this.#isDirty = false
    this.#setTimer(Infinity)
    const quota = this.#quota
    this.#isShortReported = quota?.isShort ?? false
    const { held, wanted } = quota?.report() ?? { held: 0, wanted: 0 }
    const reportedAt = clock.now()
    this.#reportedAt = reportedAt
    const reply = await this.#send(held, wanted)
    this.#hasArrived = true
    this.#isMissed = reply === undefined
    if (reply === undefined) {
      // One lost command is no reason to take more than was granted.
      if (this.#options.store.isLost) quota?.lost()
      return
    }
    if (this.#isOver) return
    this.#epoch = reply.epoch
    for (const [text, forMs] of reply.facts) this.published(text, forMs)
    this.#facts.told(reply.facts)
    quota?.granted(reply.grant, reportedAt)
    this.#hasGrown = reply.grant.quota > held
  }

  #schedule(): void {
    const { clock } = this.#options
    if (this.#isOver) return
    const now = clock.now()
    const quota = this.#quota
    if ((quota?.isIdle ?? true) && now - this.#activeAt >= IDLE_MS) {
      void this.#rest()
      return
    }
    const least = this.#reportedAt + LEAST_MS - now
    if (this.#isDirty) {
      this.#soon(this.#facts.untold().length > 0 ? 0 : least)
      if (this.#timerAt !== Infinity || this.#reporting !== undefined) return
    }
    const isShort = quota?.isShort ?? false
    const { closedForMs, isLost } = this.#options.store
    // One lost report is made good before what was granted may no longer be used.
    const asksAgain = this.#isMissed ? closedForMs === 0 && (quota !== undefined || isLost) : isShort && this.#hasGrown
    if (asksAgain) {
      this.#setTimer(now + Math.max(0, least))
    } else if (quota?.hasSurplus && this.#mayGiveEarly) {
      this.#mayGiveEarly = false
      this.#setTimer(now + Math.max(0, least))
    } else {
      this.#mayGiveEarly = true
      const everyMs = isShort ? EVERY_SHORT_MS : EVERY_MS
      // The store is asked again as soon as it may be.
      this.#setTimer(closedForMs > 0 ? now + Math.min(everyMs, closedForMs) : this.#reportedAt + everyMs)
    }
  }

  /** There was no call for a while: it gives everything back, and the next call arrives anew. */
  async #rest(): Promise<void> {
    this.#hasArrived = false
    this.#quota?.left()
    const epoch = this.#epoch
    this.#epoch = ''
    if (epoch !== '') await this.#send(0, -1)
  }

  async #send(held: number, wanted: number): Promise<ReturnType<typeof readReply>> {
    const { store, clock, time, process, channel, keys, limit, isListening } = this.#options
    const args = [channel, process, String(++this.#seq), String(held), String(wanted), String(limit?.calls ?? 0)]
    const askedAt = clock.now()
    const answer = await store.run(
      SYNC,
      [keys.quotas, keys.facts, keys.known],
      [...args, String(LEASE_MS), this.#epoch, isListening() ? '1' : '0', ...this.#facts.untold()],
    )
    const reply = answer === undefined ? undefined : readReply(answer.value)
    if (reply !== undefined) time.learn(reply.now, askedAt, clock.now())
    return reply
  }
}
