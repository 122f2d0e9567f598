import type { TimerHandle } from '../../../src/core/clock.ts'
import type { Network } from './network.ts'

/** Who reads what arrives. */
export interface ArrivalReader<Each> {
  /** Nothing more is read. */
  isOver(): boolean
  isPaused(): boolean
  take(arrival: Each): void
}

/** What comes over one connection: in order, each at the time it was sent for, or once it is read. */
export class Arrivals<Each extends { readonly kind: string }> {
  readonly #network: Network
  readonly #reader: ArrivalReader<Each>
  #queue: { readonly at: number; readonly arrival: Each }[] = []
  #timer: TimerHandle | undefined

  constructor(network: Network, reader: ArrivalReader<Each>) {
    this.#network = network
    this.#reader = reader
  }

  add(at: number, arrival: Each): void {
    this.#queue.push({ at: Math.max(at, this.#queue.at(-1)?.at ?? 0), arrival })
    this.#arm()
  }

  /** Adds it before everything that is still on its way. */
  addAhead(at: number, arrival: Each): void {
    this.#queue.unshift({ at, arrival })
    this.rearm()
  }

  forget(): void {
    this.#queue = []
    this.#disarm()
  }

  /** Hands over what has come, in a later tick. */
  rearm(): void {
    this.#disarm()
    this.#arm()
  }

  /** Hands over what has come, at once. */
  deliver(): void {
    for (;;) {
      const next = this.#queue[0]
      if (next === undefined || this.#reader.isOver()) return
      if (next.at > this.#network.now) break
      const { arrival } = next
      // What waits in a socket that is not read waits on; what the endpoint does for itself does not.
      if (arrival.kind !== 'act' && this.#reader.isPaused()) return
      this.#queue.shift()
      this.#reader.take(arrival)
    }
    this.#arm()
  }

  #arm(): void {
    const next = this.#queue[0]
    if (this.#timer !== undefined || next === undefined) return
    this.#timer = this.#network.arrives(next.at, () => {
      this.#timer = undefined
      this.deliver()
    })
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#network.cancel(this.#timer)
    this.#timer = undefined
  }
}
