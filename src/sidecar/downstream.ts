import type { ServerResponse } from 'node:http'
import type { Clock, TimerHandle } from '../core/clock.ts'
import type { HeaderPairs } from '../transport/transport.ts'
import { type BudgetFacts, comeBackHeaders, errorBody, errorEvent, type MadeAnswer } from './answers.ts'
import { FrameBoundary } from './frame-boundary.ts'

export interface KeepaliveSettings {
  /** What is put in between two frames of a silent stream. */
  readonly frame: string
  readonly afterMs: number
  readonly clock: Clock
}

export const KEEPALIVE_EVENT = 'data: {"type":"keepalive"}\n\n'
export const KEEPALIVE_COMMENT = ': keepalive\n\n'

/** The client's side of one call: what was sent to it, and signs of life while there is nothing to send. */
export class Downstream {
  readonly #response: ServerResponse
  readonly #boundary = new FrameBoundary()
  #keepalive: KeepaliveSettings | undefined
  #timer: TimerHandle | undefined
  #lastWriteAt = 0
  /** Bytes of the body that came from the upstream. */
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

  /** Whether the client can still be told something. */
  get isOpen(): boolean {
    return !this.#response.destroyed && !this.#response.writableEnded
  }

  head(status: number, headers: HeaderPairs): void {
    // Several of one name (`set-cookie`) go out as several.
    this.#response.writeHead(status, headers.flat())
  }

  /** Sends the head before the body has a byte. */
  flushHead(): void {
    this.#response.flushHeaders()
  }

  /** From here on silence is broken between frames. */
  keepAlive(settings: KeepaliveSettings): void {
    this.#keepalive = settings
    this.#lastWriteAt = settings.clock.now()
    this.#arm(settings.afterMs)
  }

  /** Resolves when the client can take more; at once, mostly. */
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

  /** An answer that the sidecar makes. Once the head of a stream was sent, it is the last event of that stream. */
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

  /** The stream broke: the client must not take what it has for the whole. */
  breakOff(): void {
    this.#disarm()
    const { socket } = this.#response
    // Node keeps what was written in this turn until the next one. It is output that the call has handed over, so it leaves first.
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
    // A client that does not read needs no sign of life, and what it does not read would pile up.
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
