import type { TimerHandle } from '../../../src/core/clock.ts'
import type { SocketEnd, Wire, WireEvents, WireRequest } from '../../../src/transport/websocket/wire.ts'
import { Arrivals } from './arrivals.ts'
import type { DialOutcome, Intake, Network } from './network.ts'
import { dialError, resetError } from './network-errors.ts'

/** What comes over an open WebSocket, in order. */
export type SocketArrival =
  /** One read of the socket. `onRead` is called before it is handed over, and `onTaken` after. */
  | {
      readonly kind: 'messages'
      readonly texts: readonly string[]
      readonly onRead?: () => void
      readonly onTaken?: () => void
    }
  | { readonly kind: 'ping' | 'pong' }
  | { readonly kind: 'end'; readonly end: SocketEnd }
  | { readonly kind: 'act'; readonly act: () => void }

export interface UpgradeOutcome {
  /** `undefined`: never. */
  readonly afterMs: number | undefined
  /** It is not upgraded. */
  readonly end?: SocketEnd
  readonly maxMessageBytes?: number | undefined
  /** Comes together with the upgrade. */
  readonly greeting?: readonly string[]
}

/** The endpoint's end of a WebSocket. */
export interface SocketPeer {
  readonly answersPings: boolean
  dial(): DialOutcome
  upgrade(): UpgradeOutcome
  /** A message is being written: how it is taken. */
  writes(text: string): Intake
  /** All of it was taken. */
  arrived(text: string): void
  /** No more comes from either end. */
  gone(): void
}

/** Stands in for a WebSocket of the `ws` library: the same calls, over a simulated connection. */
export class SimWebSocket implements Wire {
  readonly id: number
  readonly endpoint: number
  isConnected = false
  isSound = false
  flushed = true
  readonly #network: Network
  readonly #request: WireRequest
  readonly #events: WireEvents
  readonly #arrivals: Arrivals<SocketArrival>
  #peer: SocketPeer | undefined
  #keepsAlive = true
  #isPaused = false
  #hasEnded = false
  #hasClosed = false
  #opening: TimerHandle | undefined
  #untaken = 0

  constructor(network: Network, endpoint: number, request: WireRequest, events: WireEvents) {
    this.#network = network
    this.endpoint = endpoint
    this.#request = request
    this.#events = events
    this.#arrivals = new Arrivals(network, {
      isOver: () => this.#hasEnded,
      isPaused: () => this.#isPaused,
      take: (arrival) => this.#take(arrival),
    })
    this.id = network.nextSocketId++
    network.soon(() => this.#begin())
  }

  /** Of what the limit of connections counts. */
  get isCounted(): boolean {
    return !this.#hasEnded
  }

  // What the client asks for.

  send(text: Uint8Array): void {
    const peer = this.#peer
    if (this.#hasEnded || peer === undefined) return
    const message = Buffer.from(text).toString()
    this.flushed = false
    const intake = peer.writes(message)
    if (intake === 'stalls') return
    if (intake === 'resets') {
      this.arrives(this.#network.now, { kind: 'act', act: () => this.reset() })
      return
    }
    this.#untaken++
    const taken = (): void => {
      if (this.#hasEnded) return
      this.#untaken--
      this.flushed = this.#untaken === 0
      this.#events.onAccepted()
      peer.arrived(message)
    }
    if (intake.pieces <= 1) this.#network.soon(taken)
    else this.#takePieces(intake, taken)
  }

  ping(): void {
    if (this.#peer?.answersPings) this.arrives(this.#network.now + 1, { kind: 'pong' })
  }

  close(): void {
    this.#stop()
    this.#opening = this.#network.arrives(this.#network.now + 1, () => this.#closed())
  }

  destroy(): void {
    this.#stop()
    if (this.isConnected) this.#network.clock.setTimer(() => this.#closed(), 0)
    else this.#network.soon(() => this.#closed())
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#arrivals.rearm()
  }

  ref(): void {
    this.#keepsAlive = true
  }

  unref(): void {
    this.#keepsAlive = false
  }

  // What the endpoint does.

  /** @param isAhead before everything that is still on its way. */
  arrives(at: number, arrival: SocketArrival, isAhead = false): void {
    if (this.#hasEnded) return
    if (isAhead) this.#arrivals.addAhead(at, arrival)
    else this.#arrivals.add(at, arrival)
  }

  /** What the endpoint still meant to send is not sent. */
  forget(): void {
    this.#arrivals.forget()
  }

  /** The endpoint goes away without a word. */
  reset(): void {
    this.#end({ kind: 'failed', error: resetError() })
  }

  end(end: SocketEnd): void {
    this.forget()
    this.arrives(this.#network.now, { kind: 'end', end })
  }

  // Inside.

  #begin(): void {
    if (this.#hasEnded) return
    const { headers, url } = this.#request
    // A socket that is opened ahead does not keep the process alive.
    const isAhead = !this.#keepsAlive
    this.#peer = this.#network.endpoints.accepts(this, {
      headers,
      path: url.pathname,
      endpoint: this.endpoint,
      isAhead,
    })
    this.#events.onConnecting()
    if (this.#hasEnded) return
    const { afterMs, fails } = this.#peer.dial()
    if (afterMs === undefined) return
    this.#after(afterMs, () => {
      if (fails === undefined) this.#connected()
      else this.#end({ kind: 'failed', error: dialError(fails, url) })
    })
  }

  #connected(): void {
    this.isConnected = true
    const outcome = this.#peer?.upgrade()
    if (outcome?.afterMs === undefined) return
    this.#after(outcome.afterMs, () => {
      if (outcome.end === undefined) this.#opened(outcome)
      else this.#end(outcome.end)
    })
  }

  #opened({ maxMessageBytes, greeting = [] }: UpgradeOutcome): void {
    this.isSound = true
    for (const text of greeting) if (!this.#hasEnded) this.#events.onMessage(Buffer.from(text))
    if (!this.#hasEnded) this.#events.onOpen(maxMessageBytes)
  }

  #after(ms: number, then: () => void): void {
    this.#opening = this.#network.arrives(this.#network.now + ms, () => {
      this.#opening = undefined
      if (!this.#hasEnded) then()
    })
  }

  #takePieces({ pieces, everyMs }: Exclude<Intake, string>, taken: () => void): void {
    const { now } = this.#network
    for (let piece = 1; piece < pieces - 1; piece++)
      this.arrives(now + piece * everyMs, { kind: 'act', act: () => this.#events.onAccepted() })
    this.arrives(now + (pieces - 1) * everyMs, { kind: 'act', act: taken })
  }

  #take(arrival: SocketArrival): void {
    switch (arrival.kind) {
      case 'messages':
        arrival.onRead?.()
        for (const text of arrival.texts) if (!this.#hasEnded) this.#events.onMessage(Buffer.from(text))
        arrival.onTaken?.()
        return
      case 'ping':
      case 'pong':
        this.#events.onSign()
        return
      case 'end':
        this.#end(arrival.end)
        return
      case 'act':
        arrival.act()
    }
  }

  #end(end: SocketEnd): void {
    if (this.#hasEnded) return
    this.#stop()
    this.#events.onEnd(end)
  }

  #stop(): void {
    if (this.#opening !== undefined) this.#network.cancel(this.#opening)
    this.#opening = undefined
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.isSound = false
    this.forget()
    this.#peer?.gone()
  }

  #closed(): void {
    if (this.#hasClosed) return
    this.#hasClosed = true
    this.#network.sockets.delete(this)
    this.#events.onClosed()
  }
}
