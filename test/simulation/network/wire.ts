import { Arrivals } from './arrivals.ts'
import type { Intake, Network } from './network.ts'
import { resetError } from './network-errors.ts'
import type { SimSocket } from './sockets.ts'

/** What comes over a connection, in order. */
export type Arrival =
  | {
      readonly kind: 'head'
      readonly status: number
      readonly headers: readonly string[]
      readonly untilClose: boolean
    }
  /** One socket read. */
  | { readonly kind: 'data'; readonly chunks: readonly Uint8Array[]; readonly frames: number }
  | { readonly kind: 'end'; readonly closes: boolean }
  | { readonly kind: 'fin' }
  | { readonly kind: 'bad_chunk' }
  | { readonly kind: 'act'; readonly act: () => void }

/** Who reads at the client's end: the stand-in for undici. */
export interface Reader {
  readonly paused: boolean
  read(arrival: Exclude<Arrival, { kind: 'act' }>): void
  reset(error: Error): void
}

/** One simulated connection, seen from the endpoint: what it sends arrives in order, at the times it was sent for. */
export class Wire {
  readonly endpoint: number
  readonly socket: SimSocket
  reader: Reader | undefined
  dead = false
  /** How what is written is taken: at once, piece by piece, or not at all. */
  intake: Intake = { pieces: 1, everyMs: 0 }
  /** Told once all that was written has been taken. */
  onTaken: (() => void) | undefined
  readonly #network: Network
  readonly #arrivals: Arrivals<Arrival>
  #untaken = 0

  constructor(network: Network, endpoint: number, makeSocket: (wire: Wire) => SimSocket) {
    this.#network = network
    this.endpoint = endpoint
    this.#arrivals = new Arrivals(network, {
      isOver: () => this.dead,
      isPaused: () => this.reader?.paused ?? false,
      take: (arrival) => (arrival.kind === 'act' ? arrival.act() : this.#read(arrival)),
    })
    this.socket = makeSocket(this)
  }

  send(at: number, arrival: Arrival): void {
    if (!this.dead) this.#arrivals.add(at, arrival)
  }

  /** What the endpoint still meant to send is not sent. */
  forget(): void {
    this.#arrivals.forget()
  }

  /** The client reads again. */
  flow(): void {
    this.#arrivals.deliver()
  }

  /** The endpoint goes away without a word. Unread input is lost with it, as TCP may lose it. */
  reset(): void {
    if (this.dead) return
    this.forget()
    this.dead = true
    const error = resetError()
    const { socket } = this
    this.#network.closed(this)
    socket.emit('error', error)
    this.reader?.reset(error)
    socket.destroy()
  }

  /** The client's end is gone. */
  hungUp(): void {
    if (this.dead) return
    this.dead = true
    this.forget()
    this.#network.closed(this)
  }

  written(_bytes: number, callback: (error?: Error | null) => void): void {
    const { intake } = this
    if (intake === 'stalls' || this.dead) return
    if (intake === 'resets') {
      this.send(this.#network.now, { kind: 'act', act: () => this.reset() })
      return
    }
    this.#untaken++
    const taken = (): void => {
      callback()
      this.#untaken--
      if (this.#untaken === 0) this.onTaken?.()
    }
    if (intake.pieces <= 1) this.#network.soon(taken)
    else this.send(this.#network.now + (intake.pieces - 1) * intake.everyMs, { kind: 'act', act: taken })
  }

  #read(arrival: Exclude<Arrival, { kind: 'act' }>): void {
    if (this.reader !== undefined) this.reader.read(arrival)
    else if (arrival.kind === 'fin') {
      // Open, and nobody reads it yet.
      this.socket.readableEnded = true
      this.socket.emit('readable')
      this.socket.destroy()
    }
  }
}
