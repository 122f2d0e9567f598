import type { Clock, TimerHandle } from '../../../src/core/clock.ts'
import type { Random } from '../../../src/core/random.ts'
import type { VirtualClock } from '../../../src/testing/index.ts'
import type { DialFailure } from '../schedule.ts'
import { SimSocket } from './sockets.ts'
import { Wire } from './wire.ts'

/** What the endpoints do with what reaches them. */
export interface Endpoints {
  /** An exchange begins: returns its handle, by which the connection is dialled and the request answered. */
  begin(request: SimRequest): ExchangeHandle
  /** How a connection that no request waits for is made. */
  ahead(endpoint: number): DialOutcome
}

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
  /** It failed, or its connection went. */
  over(): void
}

/** Time and order of everything between the client and its endpoints. */
export class Network {
  readonly wires = new Set<Wire>()
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
    const open = [...this.wires].filter((wire) => wire.endpoint === endpoint).length
    const opening = this.#count(endpoint, 1)
    this.onOpening?.(endpoint, open + opening)
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

function dialError(code: DialFailure, origin: URL): Error {
  const lookup = code === 'ENOTFOUND'
  const certificate = code === 'CERT_HAS_EXPIRED'
  const error = new Error(certificate ? 'certificate has expired' : `${lookup ? 'getaddrinfo' : 'connect'} ${code}`)
  const syscall = certificate ? {} : { syscall: lookup ? 'getaddrinfo' : 'connect' }
  return Object.assign(error, { code, hostname: origin.hostname, ...syscall })
}
