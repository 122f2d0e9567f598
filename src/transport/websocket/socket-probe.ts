import type { Clock, TimerHandle } from '../../core/clock.ts'
import type { ResponsesSocket, SocketUser } from './socket.ts'
import type { SocketEnd } from './wire.ts'

/** How a probe ended. `undefined`: the endpoint has upgraded. `'given_up'`: another connection needed the place. */
export type ProbeEnd = SocketEnd | 'given_up' | undefined

export interface SocketProbeOptions {
  /** A socket that was not opened yet. */
  readonly socket: ResponsesSocket
  readonly clock: Clock
  /** Time limit of the upgrade, in milliseconds; `0`: no limit. */
  readonly withinMs: number
  /** Called once. */
  onSettled(end: ProbeEnd): void
}

/** Opens a socket for later calls. */
export class SocketProbe implements SocketUser {
  readonly socket: ResponsesSocket
  readonly #options: SocketProbeOptions
  readonly #timer: TimerHandle | undefined
  #isSettled = false

  constructor(options: SocketProbeOptions) {
    const { socket, clock, withinMs } = options
    this.socket = socket
    this.#options = options
    this.#timer = withinMs === 0 ? undefined : clock.setTimer(() => this.#timeOut(), withinMs, { unref: true })
    socket.prepare(this)
  }

  /** Another connection needs the place, or the pool ends. */
  giveUp(): void {
    this.socket.destroy()
    this.#settle('given_up')
  }

  onConnecting(): void {}

  onOpen(): void {
    this.socket.release()
    this.#settle(undefined)
  }

  onAccepted(): void {}

  onMessage(): void {}

  onEnd(end: SocketEnd): void {
    this.#settle(end)
  }

  #timeOut(): void {
    this.socket.destroy()
    this.#settle({ kind: 'failed', error: new Error('the upgrade was not answered in time') })
  }

  #settle(end: ProbeEnd): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#options.clock.clearTimer(this.#timer)
    this.#options.onSettled(end)
  }
}
