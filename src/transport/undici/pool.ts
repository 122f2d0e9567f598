import type { Clock, TimerHandle } from '../../core/clock.ts'
import { Connection, type ConnectionOptions } from './connection.ts'

export interface PoolOptions extends Omit<ConnectionOptions, 'onEnded' | 'onClosed'> {
  /** Each connection is used for one request. */
  readonly isolated: boolean
  /** Unused connections to keep open, each for at most `warmMs`. */
  readonly warm: number
  readonly warmMs: number
  /** Whether a further connection to the origin is allowed. */
  mayOpen(): boolean
  /** Ends unused connections to the origin until a further one is allowed. */
  makeRoom(): void
  readonly clock: Clock
  onOpened(connection: Connection): void
  onClosed(connection: Connection): void
}

interface Idle {
  readonly connection: Connection
  readonly since: number
}

interface Ahead {
  readonly connection: Connection
  readonly timer: TimerHandle
}

/**
 * The connections of one generation to one origin. Each serves one attempt at a time. After a clean end it is kept for
 * another one, last in first out, because prompt caches follow the connection.
 */
export class ConnectionPool {
  readonly origin: string
  readonly #options: PoolOptions
  readonly #connectionOptions: ConnectionOptions
  /** All connections that have not ended. */
  readonly #live = new Set<Connection>()
  #idle: Idle[] = []
  #ahead: Ahead[] = []
  #retired = false

  constructor(options: PoolOptions) {
    this.#options = options
    this.#connectionOptions = { ...options, onEnded: (ended) => this.#forget(ended) }
    this.origin = options.origin.origin
  }

  get retired(): boolean {
    return this.#retired
  }

  /** Number of connections, open or opening. */
  get size(): number {
    return this.#live.size
  }

  get idleCount(): number {
    return this.#idle.length + this.#ahead.length
  }

  /** A connection for one attempt. `fresh`: one that never carried a request. */
  take(fresh: boolean): Connection {
    const connection = (fresh ? undefined : this.#takeIdle()) ?? this.#takeAhead() ?? this.#openForUse()
    // After this, so that the needed connection connects first.
    if (this.#options.warm > 0) queueMicrotask(() => this.#openAhead())
    return connection
  }

  /** The attempt ended cleanly, and the connection may serve another one. */
  giveBack(connection: Connection): void {
    connection.user = undefined
    connection.body = undefined
    // A peer that answered without reading the request may not read another one.
    const isFit = connection.usable && connection.flushed
    if (this.#retired || this.#options.isolated || !isFit) connection.destroy()
    else this.#idle.push({ connection, since: this.#options.clock.now() })
  }

  /** Ends the connection that has been idle longest. `false` if there is none. */
  endIdle(): boolean {
    const spare = this.#idle[0] ?? this.#ahead[0]
    spare?.connection.destroy()
    return spare !== undefined
  }

  /** No new attempts: unused connections close now. */
  retire(): void {
    this.#retired = true
    for (const { connection } of [...this.#idle, ...this.#ahead]) connection.destroy()
  }

  destroy(): void {
    this.retire()
    for (const connection of [...this.#live]) connection.destroy()
  }

  #takeIdle(): Connection | undefined {
    const { keepAliveMs, clock } = this.#options
    for (;;) {
      const waiting = this.#idle.pop()
      if (waiting === undefined) return undefined
      // undici ends expired connections, except after the machine has slept.
      if (waiting.connection.usable && clock.now() - waiting.since <= keepAliveMs) return waiting.connection
      waiting.connection.destroy()
    }
  }

  #takeAhead(): Connection | undefined {
    for (;;) {
      const waiting = this.#ahead.pop()
      if (waiting === undefined) return undefined
      this.#options.clock.clearTimer(waiting.timer)
      if (waiting.connection.usable) return waiting.connection
      waiting.connection.destroy()
    }
  }

  /** Refills on use only: an unused client must not open connections for ever. */
  #openAhead(): void {
    const { warm, warmMs, mayOpen, clock } = this.#options
    while (!this.#retired && this.#ahead.length < warm && mayOpen()) {
      const connection = this.#open()
      const timer = clock.setTimer(() => connection.destroy(), warmMs, { unref: true })
      this.#ahead.push({ connection, timer })
      connection.openAhead()
    }
  }

  /** An attempt that needs a connection has priority over one that is opened ahead. */
  #openForUse(): Connection {
    this.#options.makeRoom()
    return this.#open()
  }

  #open(): Connection {
    const connection = new Connection(this.#connectionOptions)
    this.#live.add(connection)
    this.#options.onOpened(connection)
    return connection
  }

  #forget(connection: Connection): void {
    this.#live.delete(connection)
    this.#idle = this.#idle.filter((waiting) => waiting.connection !== connection)
    this.#ahead = this.#ahead.filter((waiting) => {
      if (waiting.connection !== connection) return true
      this.#options.clock.clearTimer(waiting.timer)
      return false
    })
  }
}
