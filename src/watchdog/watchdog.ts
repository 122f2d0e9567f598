import type { Clock, TimerHandle } from '../core/clock.ts'
import type { DeadlineInfo } from '../errors/errors.ts'
import {
  type AttemptLimits,
  type AttemptTimes,
  type CallDeadlines,
  type DueDeadline,
  deadlineInfo,
  earliestDeadline,
  type Grace,
} from './deadlines.ts'

/**
 * A timer that fires this late means that the event loop was blocked or the machine slept. The lost time is given back
 * once, because work of several round trips, such as a TLS handshake, stood still as well.
 */
const LATE_MS = 250

/** Timers may fire a fraction of a millisecond early on a clock with fractions. */
const EARLY_MS = 1

export interface WatchdogEvents {
  onExpired(deadline: DeadlineInfo): void
  /** The drop-in must hand its prelude over now. */
  onCommitDue(): void
  /** No event followed the report of a failure in time. */
  onLingerDue(): void
  /** Nothing followed what may be the last event. */
  onHeldDue(): void
}

/**
 * Enforces every deadline of one attempt with at most one timer. Activity only records an instant. When the timer
 * fires, it is armed again for the time that remains. So a stream of 100 000 events arms a handful of timers, and a
 * silent stream wakes up once per deadline.
 */
export class Watchdog {
  readonly #clock: Clock
  readonly #limits: AttemptLimits
  readonly #call: CallDeadlines
  readonly #events: WatchdogEvents
  readonly #times: AttemptTimes
  #timer: TimerHandle | undefined
  #armedFor = Infinity
  #grace: Grace | undefined
  /** The deadline that was given the grace. */
  #graced: DueDeadline | undefined
  #rechecking = false
  #stopped = false
  /** One function for all timers. `bind` uses less memory than a closure. */
  readonly #fire = this.#onTimer.bind(this)

  constructor(clock: Clock, limits: AttemptLimits, call: CallDeadlines, events: WatchdogEvents) {
    this.#clock = clock
    this.#limits = limits
    this.#call = call
    this.#events = events
    this.#times = {
      startedAt: clock.now(),
      connectingAt: undefined,
      connectedAt: undefined,
      sendProgressAt: undefined,
      sentAt: undefined,
      lastByteAt: undefined,
      firstEventAt: undefined,
      firstProgressAt: undefined,
      lastProgressAt: undefined,
      queued: false,
      committed: false,
      pausedAt: undefined,
      lingeringAt: undefined,
      lingerMs: undefined,
      answered: false,
      heldAt: undefined,
    }
    this.#rearm()
  }

  get times(): Readonly<AttemptTimes> {
    return this.#times
  }

  connecting(): void {
    this.#times.connectingAt = this.#clock.now()
    this.#rearm()
  }

  connected(): void {
    const now = this.#clock.now()
    this.#times.connectedAt ??= now
    this.#times.sendProgressAt ??= now
    this.#rearm()
  }

  sending(): void {
    this.#times.sendProgressAt = this.#clock.now()
  }

  sent(): void {
    const now = this.#clock.now()
    this.#times.connectedAt ??= now
    if (this.#times.sentAt !== undefined) return
    this.#times.sentAt = now
    this.#rearm()
  }

  /** A byte of any kind came: headers, comments, or part of an event. */
  byte(): void {
    const isFirst = this.#times.lastByteAt === undefined
    this.#times.lastByteAt = this.#clock.now()
    if (isFirst) this.#rearm()
  }

  /** An event came. `progress`: the model did something. */
  event(progress: boolean): void {
    const times = this.#times
    if (times.firstEventAt === undefined) {
      times.firstEventAt = times.lastProgressAt = times.lastByteAt ?? this.#clock.now()
      if (progress) times.firstProgressAt = times.firstEventAt
      this.#rearm()
    } else if (progress) {
      // The bytes of the event were stamped a moment ago, so the clock is not read again.
      times.lastProgressAt = times.lastByteAt
      times.firstProgressAt ??= times.lastByteAt
    }
  }

  /** The response is queued at the endpoint, or has left the queue: then its time for progress begins again. */
  queued(queued: boolean): void {
    if (this.#times.queued === queued) return
    this.#times.queued = queued
    this.#times.lastProgressAt = this.#clock.now()
    this.#rearm()
  }

  /** @param isAnswer a whole answer is handed over: its remaining bytes have the same deadlines as any others. */
  committed(isAnswer = false): void {
    this.#times.committed = true
    if (isAnswer) {
      this.#times.answered = true
      this.#times.lingeringAt = undefined
    }
  }

  /** @param forMs default one second. */
  lingering(forMs?: number): void {
    this.#times.lingerMs ??= forMs
    this.#times.lingeringAt ??= this.#clock.now()
    this.#rearm()
  }

  /** Whether the last bytes may be the last event without its blank line. */
  holding(holds: boolean): void {
    this.#times.heldAt = holds ? this.#clock.now() : undefined
    if (holds) this.#rearm()
  }

  /** The consumer does not read. Idle and progress stop counting; stale continues. */
  pause(): void {
    this.#times.pausedAt ??= this.#clock.now()
  }

  resume(): void {
    const times = this.#times
    if (times.pausedAt === undefined) return
    const now = this.#clock.now()
    const lost = now - times.pausedAt
    times.pausedAt = undefined
    // Bytes of the last socket read may have been counted during the pause. Their instant must not lie in the future.
    if (times.lastByteAt !== undefined) times.lastByteAt = Math.min(now, times.lastByteAt + lost)
    if (times.lastProgressAt !== undefined) times.lastProgressAt = Math.min(now, times.lastProgressAt + lost)
    this.#rearm()
  }

  stop(): void {
    this.#stopped = true
    this.#disarm()
  }

  /** Arms the timer only if a deadline is earlier than the armed one. */
  #rearm(): void {
    if (this.#stopped || this.#rechecking) return
    const due = this.#earliest()
    if (due === undefined || due.at >= this.#armedFor) return
    this.#disarm()
    this.#arm(due.at)
  }

  #earliest(): DueDeadline | undefined {
    return earliestDeadline(this.#times, this.#limits, this.#call, this.#grace)
  }

  #arm(at: number): void {
    const now = this.#clock.now()
    // An overdue deadline must not look like a timer that fires late.
    this.#armedFor = Math.max(at, now)
    this.#timer = this.#clock.setTimer(this.#fire, this.#armedFor - now)
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
    this.#armedFor = Infinity
  }

  #onTimer(): void {
    const firedFor = this.#armedFor
    this.#timer = undefined
    this.#armedFor = Infinity
    const due = this.#earliest()
    if (due === undefined) return
    const now = this.#clock.now()
    if (due.at >= now + EARLY_MS) {
      this.#arm(due.at)
      return
    }
    // A blocked event loop may not have delivered bytes that have arrived. Let it deliver them, then look again.
    this.#rechecking = true
    this.#clock.afterIO(() => this.#recheck(now - firedFor))
  }

  #recheck(lateMs: number): void {
    this.#rechecking = false
    if (this.#stopped) return
    const now = this.#clock.now()
    let due = this.#earliest()
    // Once per silence: in a process whose every timer is late, a deadline would otherwise never fire.
    const givenBefore = due?.name === this.#graced?.name && due?.from === this.#graced?.from
    if (due !== undefined && due.at < now + EARLY_MS && lateMs > LATE_MS && !givenBefore) {
      // Keeps what remains of an earlier, longer grace for the longer deadlines.
      const left = this.#grace === undefined ? 0 : this.#grace.from + this.#grace.ms - now
      this.#grace = { from: now, ms: Math.max(lateMs, left) }
      this.#graced = due
      due = this.#earliest()
    }
    if (due === undefined) return
    if (due.at < now + EARLY_MS) this.#expire(due)
    else this.#arm(due.at)
  }

  #expire(due: DueDeadline): void {
    if (due.name === 'commit_after') {
      this.#events.onCommitDue()
      this.#rearm()
      return
    }
    if (due.name === 'held') {
      this.#times.heldAt = undefined
      this.#events.onHeldDue()
      this.#rearm()
      return
    }
    this.stop()
    if (due.name === 'linger') this.#events.onLingerDue()
    else this.#events.onExpired(deadlineInfo({ ...due, name: due.name }))
  }
}
