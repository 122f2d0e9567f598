import type { Clock, Exchange, ExchangeObserver, Random, Transport, TransportRequest } from '../../src/index.ts'

/** How an endpoint answers, and how often it does not. */
export interface World {
  /** Times to the first event: lognormal, milliseconds. */
  readonly medianMs: number
  readonly sigma: number
  /** The share of attempts that are dead on arrival: accepted, and then silent. */
  readonly deadShare: number
  /** Attempts that run or start in this time are never answered. Milliseconds since the start. */
  readonly outage?: { readonly fromMs: number; readonly toMs: number } | undefined
}

const encoder = new TextEncoder()
const HEAD = { status: 200, statusText: 'OK', headers: [['content-type', 'text/event-stream']] as const }
/** First event, progress and end in one, because only the time to the first event is measured. */
const ANSWER = encoder.encode(
  [
    { type: 'response.created', response: { id: 'resp_1', status: 'in_progress' } },
    { type: 'response.output_text.delta', delta: 'hello' },
    { type: 'response.completed', response: { id: 'resp_1', status: 'completed', output: [] } },
  ]
    .map((event) => `data: ${JSON.stringify(event)}\n\n`)
    .join(''),
)

/** A transport to an endpoint that is silent for random times. */
export class SilentEndpoint implements Transport {
  readonly name = 'silent endpoint'
  readonly abilities = { seesConnect: true, seesSent: true, choosesConnection: true }
  readonly #world: World
  readonly #clock: Clock
  readonly #random: Random
  requests = 0
  /** Live attempts that were destroyed while silent, and would have answered. */
  healthyDestroyed = 0

  constructor(world: World, clock: Clock, random: Random) {
    this.#world = world
    this.#clock = clock
    this.#random = random
  }

  send(_request: TransportRequest, observer: ExchangeObserver): Exchange {
    this.requests++
    const clock = this.#clock
    const { medianMs, sigma, deadShare, outage } = this.#world
    const startedAt = clock.now()
    const isDead = this.#random() < deadShare || (outage !== undefined && isWithin(startedAt, outage))
    const silentMs = medianMs * Math.exp(sigma * normal(this.#random))
    const willAnswer =
      !isDead && !(outage !== undefined && startedAt < outage.fromMs && startedAt + silentMs > outage.fromMs)
    let timer: unknown
    let over = false
    queueMicrotask(() => {
      if (over) return
      observer.connecting()
      observer.connected({ generation: 1, reused: false, connectionId: undefined })
      observer.sent()
      if (!willAnswer) return
      timer = clock.setTimer(() => {
        timer = undefined
        observer.head(HEAD)
        observer.data(ANSWER)
      }, silentMs)
    })
    const end = (): void => {
      if (over) return
      over = true
      if (timer === undefined) return
      clock.clearTimer(timer)
      this.healthyDestroyed++
    }
    return { pause() {}, resume() {}, destroy: end, drain: end, poison() {} }
  }

  stats() {
    return { connections: 0, idleConnections: 0, leases: 0, clients: 0 }
  }

  async close(): Promise<void> {}
  async destroy(): Promise<void> {}
}

function isWithin(at: number, { fromMs, toMs }: NonNullable<World['outage']>): boolean {
  return at >= fromMs && at < toMs
}

export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}
