import { Gate } from '../core/gate.ts'

/** Holds the connections of one kind: HTTP connections, or WebSockets. */
export interface ConnectionHolder {
  /** Number of open connections to an origin, used and idle. */
  countTo(origin: string): number
  /** Ends an idle connection. Returns `false` if all are in use. */
  endIdle(origin: string): boolean
}

/**
 * Enforces `maxConnections` of a client, per origin, over all kinds of connections. Every exchange takes a place while it runs. An
 * idle connection is closed when its place is needed.
 */
export class ConnectionPlaces {
  readonly #max: number
  /** In the order in which their idle connections are closed. */
  readonly #holders = new Set<ConnectionHolder>()
  readonly #gates = new Map<string, Gate>()

  constructor(max = Infinity) {
    this.#max = max
  }

  join(holder: ConnectionHolder): void {
    this.#holders.add(holder)
  }

  /** The holder has no connection any more, and will have none. */
  part(holder: ConnectionHolder): void {
    this.#holders.delete(holder)
  }

  /**
   * Calls `letIn` once there is a free place, which may be now.
   *
   * @returns the function that stops waiting.
   */
  enter(origin: string, letIn: () => void): () => void {
    if (this.#max !== Infinity) return this.#gateOf(origin).enter(letIn)
    letIn()
    return () => {}
  }

  /** Takes a place if one is free now. */
  enterNow(origin: string): boolean {
    if (this.#max === Infinity) return true
    const gate = this.#gateOf(origin)
    if (gate.isFull) return false
    gate.enter(() => {})
    return true
  }

  /** Takes a place even if none is free: for an exchange that can use only one connection, which is open already. */
  enterAnyway(origin: string): void {
    if (this.#max !== Infinity) this.#gateOf(origin).enterAnyway()
  }

  leave(origin: string): void {
    const gate = this.#gates.get(origin)
    gate?.leave()
    if (gate?.isIdle) this.#gates.delete(origin)
  }

  /** Whether another connection may be opened. */
  mayOpen(origin: string): boolean {
    if (this.#max === Infinity) return true
    let count = 0
    for (const holder of this.#holders) count += holder.countTo(origin)
    return count < this.#max
  }

  /** Ends idle connections until another one may be opened, or until none is idle. */
  makeRoom(origin: string): void {
    while (!this.mayOpen(origin)) if (![...this.#holders].some((holder) => holder.endIdle(origin))) return
  }

  #gateOf(origin: string): Gate {
    const gate = this.#gates.get(origin) ?? new Gate(this.#max)
    this.#gates.set(origin, gate)
    return gate
  }
}
