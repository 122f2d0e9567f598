import type { TimerHandle } from '../../core/clock.ts'
import type { SidecarSettings } from '../options.ts'
import type { ClientSocket } from './client-socket.ts'

const KEEPALIVE = '{"type":"keepalive"}'

/** Sends signs of life to a client while its call is silent, from the start: there is no status to hold back. */
export class SilenceBreaker {
  readonly #settings: SidecarSettings
  readonly #socket: ClientSocket
  #lastSentAt: number
  #timer: TimerHandle | undefined

  constructor(settings: SidecarSettings, socket: ClientSocket) {
    this.#settings = settings
    this.#socket = socket
    this.#lastSentAt = settings.clock.now()
  }

  start(): void {
    if (this.#settings.keepalive !== 'off') this.#arm(this.#settings.keepaliveMs)
  }

  stop(): void {
    this.#settings.clock.clearTimer(this.#timer)
  }

  /** A message was sent. */
  sent(now: number): void {
    this.#lastSentAt = now
  }

  #arm(ms: number): void {
    this.#timer = this.#settings.clock.setTimer(() => this.#onDue(), ms, { unref: true })
  }

  #onDue(): void {
    const { keepalive, keepaliveMs, clock } = this.#settings
    const now = clock.now()
    if (now - this.#lastSentAt >= keepaliveMs) {
      this.#lastSentAt = now
      // A client that does not read needs no sign of life, and what it does not read would pile up.
      if (!this.#socket.isBehind) this.#socket.signOfLife(keepalive === 'data' ? KEEPALIVE : undefined)
    }
    this.#arm(this.#lastSentAt + keepaliveMs - now)
  }
}
