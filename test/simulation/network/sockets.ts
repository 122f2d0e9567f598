import { EventEmitter } from 'node:events'
import type { Clock } from '../../../src/core/clock.ts'
import type { Wire } from './wire.ts'

/** The client's end of a simulated connection, with as much of a `net.Socket` as the transport uses. */
export class SimSocket extends EventEmitter {
  destroyed = false
  closed = false
  readableEnded = false
  writable = true
  /** Requests that went over it. */
  requests = 0
  readonly wire: Wire
  readonly #clock: Clock

  constructor(wire: Wire, clock: Clock) {
    super()
    this.wire = wire
    this.#clock = clock
  }

  read(): null {
    return null
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  write(chunk: Uint8Array | string, _encoding: unknown, callback: (error?: Error | null) => void): boolean {
    this.wire.written(typeof chunk === 'string' ? chunk.length : chunk.length, callback)
    return true
  }

  /** As a real one it is closed a little later. */
  destroy(error?: Error): this {
    if (this.destroyed) return this
    this.destroyed = true
    this.writable = false
    this.wire.hungUp()
    this.#clock.setTimer(() => {
      if (error !== undefined) this.emit('error', error)
      this.closed = true
      this.emit('close')
    }, 0)
    return this
  }
}
