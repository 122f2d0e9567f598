import type { Clock, TimerHandle } from '../../../src/core/clock.ts'
import type { Random } from '../../../src/core/random.ts'
import type { VirtualClock } from '../../../src/testing/index.ts'
import type { WireEvents, WireRequest } from '../../../src/transport/websocket/wire.ts'
import type { DialFailure } from '../schedule.ts'
import { dialError } from './network-errors.ts'
import { SimSocket } from './sockets.ts'
import { SimWebSocket, type SocketPeer } from './web-sockets.ts'
import { Wire } from './wire.ts'

/** What the endpoints do with what reaches them. */
export interface Endpoints {
  /** An exchange begins: returns its handle, by which the connection is dialled and the request answered. */
  begin(request: SimRequest): ExchangeHandle
  /** How a connection that no request waits for is made. */
  ahead(endpoint: number): DialOutcome
  /** A WebSocket is being opened. */
  accepts(socket: SimWebSocket, upgrade: SimUpgrade): SocketPeer
}

export interface SimUpgrade {
  readonly path: string
  readonly headers: ReadonlyArray<readonly [string, string]>
  readonly endpoint: number
  /** No request waits for it. */
  readonly isAhead: boolean
}

/** How what is written is taken: in pieces, or not at all. */
export type Intake = { readonly pieces: number; readonly everyMs: number } | 'stalls' | 'resets'

export interface SimRequest {
  readonly method: string
  readonly path: string
  readonly headers: readonly string[]
  readonly endpoint: number
}

export interface DialOutcome {
  /** `undefined`: never. */
  readonly afterMs: number | undefined
  readonly fails?: DialFailure | undefined
}

/** One request on its way, seen from the network. */
export interface ExchangeHandle {
  dial(): DialOutcome
  /** The request is being written to a connection. */
  writes(wire: Wire, body: string | undefined): void
  /** All of it was taken. */
  arrived(body: string): void
  /** The client got something of the answer. */
  read(frames: number): void
  /** The answer came to its end. */
  complete(): void
}

/** Time and order of everything between the client and its endpoints. */
export class Network {
  readonly wires = new Set<Wire>()
  /** All WebSockets of which something is left. */
  readonly sockets = new Set<SimWebSocket>()
  nextSocketId = 1
  /** Whose connection is opened next; set by the stand-in for undici around its call. */
  dialling: ExchangeHandle | undefined
  readonly endpoints: Endpoints
  readonly clock: Clock
  readonly #random: Random
  readonly #reorder: number
  readonly #dialling = new Map<number, number>()
  /** Told how many connections to an endpoint there are, each time one more is opened. */
  onOpening: ((endpoint: number, connections: number) => void) | undefined

  constructor(options: { clock: VirtualClock; random: Random; reorder: number; endpoints: Endpoints }) {
    this.clock = options.clock.labelled('network')
    this.endpoints = options.endpoints
    this.#random = options.random
    this.#reorder = options.reorder
  }

  get now(): number {
    return this.clock.now()
  }

  /**
   * Input arrives at `at`. A loop that was blocked until later runs the timers that came due first, and reads then; and
   * now and then input of the same tick is read behind them, too.
   */
  arrives(at: number, callback: () => void): TimerHandle {
    const handle: { timer: TimerHandle } = { timer: undefined }
    handle.timer = this.clock.setTimer(
      () => {
        const late = this.now > at
        if (late || (this.#reorder > 0 && this.#random() < this.#reorder)) {
          handle.timer = this.clock.setTimer(callback, 0)
        } else callback()
      },
      Math.max(0, at - this.now),
    )
    return handle
  }

  cancel(handle: TimerHandle): void {
    this.clock.clearTimer((handle as { timer: TimerHandle }).timer)
  }

  /** In this tick, but not from within what asks for it. */
  soon(callback: () => void): void {
    queueMicrotask(callback)
  }

  dial(origin: URL, callback: (error: Error | null, socket: SimSocket | null) => void): { destroy(): void } {
    const endpoint = endpointOf(origin)
    const waiting = this.dialling
    this.dialling = undefined
    const opening = this.#count(endpoint, 1)
    this.#opens(endpoint, opening)
    let counted = true
    const done = (): void => {
      if (counted) this.#count(endpoint, -1)
      counted = false
    }
    const outcome = waiting === undefined ? this.endpoints.ahead(endpoint) : waiting.dial()
    if (outcome.afterMs === undefined) return { destroy: done }
    const timer = this.arrives(this.now + outcome.afterMs, () => {
      done()
      if (outcome.fails !== undefined) {
        callback(dialError(outcome.fails, origin), null)
        return
      }
      const wire = new Wire(this, endpoint, (made) => new SimSocket(made, this.clock))
      this.wires.add(wire)
      callback(null, wire.socket)
    })
    const destroy = (): void => {
      done()
      this.cancel(timer)
    }
    return { destroy }
  }

  openSocket(request: WireRequest, events: WireEvents): SimWebSocket {
    const endpoint = endpointOf(request.url)
    const socket = new SimWebSocket(this, endpoint, request, events)
    this.sockets.add(socket)
    this.#opens(endpoint, this.#dialling.get(endpoint) ?? 0)
    return socket
  }

  #opens(endpoint: number, dialling: number): void {
    let open = dialling
    for (const wire of this.wires) if (wire.endpoint === endpoint) open++
    for (const socket of this.sockets) if (socket.endpoint === endpoint && socket.isCounted) open++
    this.onOpening?.(endpoint, open)
  }

  #count(endpoint: number, change: number): number {
    const count = (this.#dialling.get(endpoint) ?? 0) + change
    this.#dialling.set(endpoint, count)
    return count
  }

  closed(wire: Wire): void {
    this.wires.delete(wire)
  }
}

/** Each world has hosts of its own, so that many can run side by side in one process. */
const worlds = new Map<string, Network>()

export function originOf(world: string, endpoint: number): string {
  return `http://e${endpoint}.${world}.test`
}

export function register(world: string, network: Network): () => void {
  worlds.set(world, network)
  return () => worlds.delete(world)
}

export function networkOf(origin: URL): Network {
  const network = worlds.get(origin.hostname.split('.')[1] ?? '')
  if (network === undefined) throw new Error(`no simulated world has the host ${origin.hostname}`)
  return network
}

export function endpointOf(origin: URL): number {
  return Number(origin.hostname.slice(1, origin.hostname.indexOf('.')))
}
