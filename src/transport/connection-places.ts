import { Gate } from '../core/gate.ts'

/** Who holds connections of one kind: HTTP connections, or WebSockets. */
export interface ConnectionHolder {
  /** Connections to an origin that have not ended, those in use and those that are idle. */
  countTo(origin: string): number
  /** Ends one that is not in use; `false` where all are in use. */
  endIdle(origin: string): boolean
}

/**
 * `maxConnections` of a client, per origin, over all kinds of connections. Every exchange takes a place while it runs; a
 * connection that is not in use gives way to one that is needed.
 */
export class ConnectionPlaces {
  readonly #max: number
  /** In this order their idle connections give way. */
  readonly #holders: ConnectionHolder[] = []
  readonly #gates = new Map<string, Gate>()

  constructor(max = Infinity) {
    this.#max = max
  }

  join(holder: ConnectionHolder): void {
    this.#holders.push(holder)
  }

  /**
   * Calls `letIn` once there is a place, at once if there is one.
   *
   * @returns the function that gives up waiting.
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

  /** Takes a place in any case: for who uses a connection that is open already, and can use no other. */
  enterAnyway(origin: string): void {
    if (this.#max !== Infinity) this.#gateOf(origin).enterAnyway()
  }

  leave(origin: string): void {
    const gate = this.#gates.get(origin)
    gate?.leave()
    if (gate?.isIdle) this.#gates.delete(origin)
  }

  /** Whether there may be another connection, beside those there are. */
  mayOpen(origin: string): boolean {
    if (this.#max === Infinity) return true
    let count = 0
    for (const holder of this.#holders) count += holder.countTo(origin)
    return count < this.#max
  }

  /** Ends idle connections until there may be another one, or until all are in use. */
  makeRoom(origin: string): void {
    while (!this.mayOpen(origin)) if (!this.#holders.some((holder) => holder.endIdle(origin))) return
  }

  #gateOf(origin: string): Gate {
    const gate = this.#gates.get(origin) ?? new Gate(this.#max)
    this.#gates.set(origin, gate)
    return gate
  }
}
