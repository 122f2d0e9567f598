import type { Clock, TimerHandle } from '../../core/clock.ts'

export interface LivenessSettings {
  readonly clock: Clock
  /** Milliseconds without a frame until a ping is sent, and until a ping must be answered; `0`: no pings. */
  readonly pingMs: number
  /** Milliseconds that a socket without a response under way stays open. */
  readonly idleMs: number
  /** Milliseconds after which a socket takes no more responses; `0`: no limit. */
  readonly maxAgeMs: number
}

export interface LivenessOwner {
  ping(): void
  /** A ping was not answered. */
  onDead(error: Error): void
  /** The socket was idle for too long, or is too old. */
  onOver(): void
}

/** What time alone brings to an open socket: pings, a dead peer, and its end. One timer, re-armed lazily. */
export class Liveness {
  readonly #settings: LivenessSettings
  readonly #owner: LivenessOwner
  readonly #openedAt: number
  #receivedAt: number
  #idleSince: number
  #isBusy = true
  #heedsAge = true
  #pingedAt: number | undefined
  #timer: TimerHandle | undefined
  #isStopped = false

  /** The socket has just opened, and has a user. */
  constructor(settings: LivenessSettings, owner: LivenessOwner) {
    this.#settings = settings
    this.#owner = owner
    const now = settings.clock.now()
    this.#openedAt = now
    this.#receivedAt = now
    this.#idleSince = now
    this.#arm()
  }

  get isAged(): boolean {
    const { maxAgeMs, clock } = this.#settings
    return maxAgeMs > 0 && clock.now() - this.#openedAt >= maxAgeMs
  }

  /** No ping is overdue: a machine that slept has not given the timer the chance to notice. */
  get isAlive(): boolean {
    const { pingMs, clock } = this.#settings
    return pingMs === 0 || this.#pingedAt === undefined || clock.now() - this.#pingedAt < pingMs
  }

  get idleSince(): number {
    return this.#idleSince
  }

  /** A frame came. */
  heard(): void {
    this.#receivedAt = this.#settings.clock.now()
    this.#pingedAt = undefined
  }

  busy(): void {
    this.#isBusy = true
  }

  /** @param heedsAge its age ends it; otherwise it stays open for as long as any idle socket. */
  idle(heedsAge = true): void {
    this.#isBusy = false
    this.#heedsAge = heedsAge
    this.#idleSince = this.#settings.clock.now()
    this.#arm()
  }

  /** Nothing is read for now: silence says nothing. */
  pause(): void {
    this.#disarm()
  }

  resume(): void {
    if (this.#isStopped) return
    this.heard()
    this.#arm()
  }

  stop(): void {
    this.#isStopped = true
    this.#disarm()
  }

  #arm(): void {
    this.#disarm()
    const { clock } = this.#settings
    const due = Math.min(this.#pingDue(), this.#idleDue())
    if (due < Infinity) this.#timer = clock.setTimer(() => this.#wake(), due - clock.now(), { unref: true })
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#settings.clock.clearTimer(this.#timer)
    this.#timer = undefined
  }

  #pingDue(): number {
    const { pingMs } = this.#settings
    return pingMs === 0 ? Infinity : (this.#pingedAt ?? this.#receivedAt) + pingMs
  }

  #idleDue(): number {
    if (this.#isBusy) return Infinity
    const { idleMs, maxAgeMs } = this.#settings
    return Math.min(this.#idleSince + idleMs, maxAgeMs > 0 && this.#heedsAge ? this.#openedAt + maxAgeMs : Infinity)
  }

  #wake(): void {
    this.#timer = undefined
    const { clock } = this.#settings
    if (this.#idleDue() <= clock.now()) {
      this.#owner.onOver()
    } else if (this.#pingDue() > clock.now()) {
      this.#arm()
    } else if (this.#pingedAt === undefined) {
      this.#pingedAt = clock.now()
      this.#owner.ping()
      this.#arm()
    } else {
      this.#judge(this.#pingedAt)
    }
  }

  /** A blocked event loop must kill nothing: what has arrived meanwhile is read first. */
  #judge(unanswered: number): void {
    this.#settings.clock.afterIO(() => {
      if (this.#isStopped) return
      if (this.#pingedAt === unanswered) {
        const error = new Error('the endpoint did not answer a ping')
        this.#owner.onDead(Object.assign(error, { code: 'ERR_RESILIENT_PING_TIMEOUT' }))
      } else if (this.#timer === undefined) {
        this.#arm()
      }
    })
  }
}
