import type { AbortScope } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import { Gate } from '../core/gate.ts'
import { sleep, withDeadline } from '../core/race.ts'
import { RecentMap } from '../core/recent-map.ts'
import type { HeaderPairs } from '../transport/transport.ts'
import { type RateKind, type RateWindow, readRateWindow, waitFor } from './rate-window.ts'

/** How a client lets calls begin. */
export interface AdmissionSettings {
  /** Calls to one origin at a time; `Infinity` for no limit. */
  readonly calls: number
  /** How long a call may wait for its turn; 0: as long as its own deadlines. */
  readonly queueMs: number
  /** Whether calls begin more slowly while the endpoint says that little is left. */
  readonly pace: boolean
}

/** What a call is let in by. */
export interface Permit {
  /** The endpoint answered: what it says of its limits includes this call from now on. */
  answered(headers: HeaderPairs): void
  /** The call is over. */
  release(): void
}

export interface Entry {
  readonly origin: string
  readonly model: string
  readonly inputTokens: number
  readonly scope: AbortScope
  /** No later than this, in milliseconds from now; `Infinity` without such a bound. */
  readonly withinMs: number
  /** The error when that time is over. */
  onTimeout(): Error
  /** Told when the call has to wait, and why. */
  onWaiting(reason: WaitReason): void
}

/** `limit`: as many calls as allowed are under way. `rate`: the endpoint says that little is left. */
export type WaitReason = 'limit' | 'rate'

/** A wait for a rate limit is no longer than what a 429 may ask for. */
const MAX_PACE_MS = 60_000

/** What a timer can hold. */
const LONGEST_WAIT_MS = 2 ** 31 - 1

const KINDS: readonly RateKind[] = ['requests', 'tokens']

const MAX_KEYS = 512

/** Lets the calls of a client begin: first come, first served, as many at a time and as fast as their origin bears. */
export class Admission {
  readonly #clock: Clock
  readonly #settings: AdmissionSettings
  readonly #gates = new Map<string, Gate>()
  readonly #paces = new RecentMap<string, RatePace>(MAX_KEYS)

  constructor(clock: Clock, settings: AdmissionSettings) {
    this.#clock = clock
    this.#settings = settings
  }

  /** Calls waiting for their turn, over all origins. */
  get waiting(): number {
    let waiting = 0
    for (const gate of this.#gates.values()) waiting += gate.waiting
    return waiting
  }

  /** @throws the caller's own reason on an abort; `entry.onTimeout()` when its turn does not come in time. */
  async enter(entry: Entry): Promise<Permit> {
    const { origin, model, inputTokens, scope, onWaiting } = entry
    const clock = this.#clock
    const gate = this.#gateOf(origin)
    const lateAt = clock.now() + entry.withinMs
    if (gate.isFull) {
      onWaiting('limit')
      await this.#place(gate, entry)
    } else {
      gate.enter(() => {})
    }
    // What names no model is no Responses call, and has limits of its own.
    const pace =
      this.#settings.pace && model !== ''
        ? this.#paces.obtain(`${origin} ${model}`, () => new RatePace(clock))
        : undefined
    const leave = pace?.join(inputTokens)
    const over = (): void => {
      leave?.()
      gate.leave()
      if (gate.isIdle) this.#gates.delete(origin)
    }
    try {
      const waitMs = Math.min(pace?.waitMs(inputTokens) ?? 0, MAX_PACE_MS)
      if (waitMs > 0) {
        onWaiting('rate')
        const leftMs = lateAt - clock.now()
        await sleep(Math.min(waitMs, leftMs), { clock, scope })
        if (waitMs > leftMs) throw entry.onTimeout()
      }
    } catch (error) {
      over()
      throw error
    }
    return {
      answered(headers) {
        leave?.()
        pace?.learn(headers)
      },
      release: over,
    }
  }

  /** A place that is free now, for a hedge: the function that leaves it; `undefined` where a call would have to wait. */
  enterNow(origin: string): (() => void) | undefined {
    const gate = this.#gateOf(origin)
    if (gate.isFull || gate.waiting > 0) return undefined
    gate.enter(() => {})
    let inside = true
    return () => {
      if (!inside) return
      inside = false
      gate.leave()
      if (gate.isIdle) this.#gates.delete(origin)
    }
  }

  async #place(gate: Gate, { scope, withinMs, onTimeout }: Entry): Promise<void> {
    let giveUp!: () => boolean
    const place = new Promise<void>((letIn) => {
      giveUp = gate.enter(letIn)
    })
    try {
      await withDeadline(place, { clock: this.#clock, scope, ms: Math.min(withinMs, LONGEST_WAIT_MS), onTimeout })
    } catch (error) {
      // Let in, in the very tick of the abort: the place goes on to the next.
      if (!giveUp()) gate.leave()
      throw error
    }
  }

  #gateOf(origin: string): Gate {
    let gate = this.#gates.get(origin)
    if (gate === undefined) {
      gate = new Gate(this.#settings.calls)
      this.#gates.set(origin, gate)
    }
    return gate
  }
}

/** What an endpoint has said of its limits for one model. */
class RatePace {
  readonly #clock: Clock
  readonly #windows: Partial<Record<RateKind, RateWindow>> = {}
  /** Begun, or waiting to, and not answered yet. */
  readonly #pending: Record<RateKind, number> = { requests: 0, tokens: 0 }

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Counts a call as begun; returns the function that ends that, once. */
  join(tokens: number): () => void {
    this.#pending.requests += 1
    this.#pending.tokens += tokens
    let joined = true
    return () => {
      if (!joined) return
      joined = false
      this.#pending.requests -= 1
      this.#pending.tokens -= tokens
    }
  }

  /** For a call that has joined. */
  waitMs(tokens: number): number {
    const now = this.#clock.now()
    const waits = KINDS.map((kind) => {
      const window = this.#windows[kind]
      const cost = kind === 'requests' ? 1 : tokens
      return window === undefined ? 0 : waitFor(window, cost, this.#pending[kind] - cost, now)
    })
    return Math.max(...waits)
  }

  learn(headers: HeaderPairs): void {
    for (const kind of KINDS) {
      const window = readRateWindow(headers, kind, this.#clock.now())
      if (window !== undefined) this.#windows[kind] = window
    }
  }
}
