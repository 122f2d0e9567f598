import type { ServerResponse } from 'node:http'
import type { Clock, TimerHandle } from '../core/clock.ts'
import type { HeaderPairs } from '../transport/transport.ts'
import { type BudgetFacts, comeBackHeaders, errorBody, errorEvent, type MadeAnswer } from './answers.ts'
import { FrameBoundary } from './frame-boundary.ts'

export interface KeepaliveSettings {
  /** The sign of life that is sent between two frames of a silent stream. */
  readonly frame: string
  readonly afterMs: number
  readonly clock: Clock
}

export const KEEPALIVE_EVENT = 'data: {"type":"keepalive"}\n\n'
export const KEEPALIVE_COMMENT = ': keepalive\n\n'

/** Sends the answer of one call to the client, and signs of life while the upstream is silent. */
export class Downstream {
  readonly #response: ServerResponse
  readonly #boundary = new FrameBoundary()
  #keepalive: KeepaliveSettings | undefined
  #timer: TimerHandle | undefined
  #lastWriteAt = 0
  /** Bytes of the upstream's body that were sent. */
  bytes = 0

  constructor(response: ServerResponse) {
    this.#response = response
  }

  get hasHead(): boolean {
    return this.#response.headersSent
  }

  get status(): number | undefined {
    return this.#response.headersSent ? this.#response.statusCode : undefined
  }

  /** Whether bytes can still be sent to the client. */
  get isOpen(): boolean {
    return !this.#response.destroyed && !this.#response.writableEnded
  }

  head(status: number, headers: HeaderPairs): void {
    // Headers with one name (`set-cookie`) are sent separately.
    this.#response.writeHead(status, headers.flat())
  }

  /** Sends the head before the first byte of the body. */
  flushHead(): void {
    this.#response.flushHeaders()
  }

  /** From now on, sends a sign of life after each `keepaliveMs` of silence, between two frames. */
  keepAlive(settings: KeepaliveSettings): void {
    this.#keepalive = settings
    this.#lastWriteAt = settings.clock.now()
    this.#arm(settings.afterMs)
  }

  /** Resolves when the client can take more: mostly at once. */
  write(bytes: Uint8Array): Promise<void> | undefined {
    this.bytes += bytes.length
    if (this.#keepalive !== undefined) {
      this.#boundary.push(bytes)
      this.#lastWriteAt = this.#keepalive.clock.now()
    }
    if (this.#response.write(bytes)) return undefined
    return new Promise((resolve) => {
      const go = (): void => {
        this.#response.off('drain', go)
        this.#response.off('close', go)
        resolve()
      }
      this.#response.on('drain', go)
      this.#response.on('close', go)
    })
  }

  end(): void {
    this.#disarm()
    this.#response.end()
  }

  /** Sends an answer of the sidecar. If the head of a stream was sent already, it becomes the last event of that stream. */
  answer(made: MadeAnswer, more: HeaderPairs = [], budget?: BudgetFacts): void {
    this.#disarm()
    if (!this.isOpen) return
    if (this.hasHead) {
      this.#response.end(errorEvent(made))
      return
    }
    const body = errorBody(made)
    const headers: [string, string][] = [
      ['content-type', 'application/json'],
      ['content-length', String(Buffer.byteLength(body))],
    ]
    if (made.mayHeal) headers.push(...comeBackHeaders(made.hintMs, budget))
    if (made.isSpent) headers.push(['x-should-retry', 'false'])
    this.head(made.status, [...headers, ...more])
    this.#response.end(body)
  }

  /** The stream broke off. Ends the connection so that the client does not take the stream for complete. */
  breakOff(): void {
    this.#disarm()
    const { socket } = this.#response
    // Node sends bytes that were written in this turn in the next one. They are output of the call, so they are sent first.
    if (socket === null) this.#response.destroy()
    else socket.destroySoon()
  }

  #arm(ms: number): void {
    this.#timer = this.#keepalive?.clock.setTimer(() => this.#onSilence(), ms, { unref: true })
  }

  #onSilence(): void {
    const { clock, afterMs, frame } = this.#keepalive as KeepaliveSettings
    const silentMs = clock.now() - this.#lastWriteAt
    if (silentMs < afterMs) {
      this.#arm(afterMs - silentMs)
      return
    }
    // A client that does not read gets no signs of life, because unread ones would accumulate.
    if (this.#boundary.isBetweenFrames && !this.#response.writableNeedDrain) this.#response.write(frame)
    this.#lastWriteAt = clock.now()
    this.#arm(afterMs)
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#keepalive?.clock.clearTimer(this.#timer)
    this.#timer = undefined
    this.#keepalive = undefined
  }
}
