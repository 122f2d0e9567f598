import type { Clock, TimerHandle } from '../../core/clock.ts'

export interface LivenessSettings {
  readonly clock: Clock
  /** After so many milliseconds without a frame a ping is sent; it must be answered within the same time. `0`: no pings. */
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

/**
 * Times an open socket: sends pings, notices that the endpoint is dead, and ends a socket that is idle for too long or too old.
 * Uses one timer.
 */
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

  /** To be created when the socket opens for its first user. */
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

  /** Whether no ping is overdue. Compares times, because on a machine that slept the timer has not fired yet. */
  get isAlive(): boolean {
    const { pingMs, clock } = this.#settings
    return pingMs === 0 || this.#pingedAt === undefined || clock.now() - this.#pingedAt < pingMs
  }

  get idleSince(): number {
    return this.#idleSince
  }

  /** A frame arrived. */
  heard(): void {
    this.#receivedAt = this.#settings.clock.now()
    this.#pingedAt = undefined
  }

  busy(): void {
    this.#isBusy = true
  }

  /** @param heedsAge `false`: `maxAgeMs` does not end the socket, only `idleMs` does. */
  idle(heedsAge = true): void {
    this.#isBusy = false
    this.#heedsAge = heedsAge
    this.#idleSince = this.#settings.clock.now()
    this.#arm()
  }

  /** The socket is not read for now, so silence proves nothing. */
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

  /** Reads first what arrived while the event loop was blocked, so that a blocked loop ends no socket. */
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
