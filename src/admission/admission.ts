import type { AbortScope } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import { Gate } from '../core/gate.ts'
import { sleep, withDeadline } from '../core/race.ts'
import { RecentMap } from '../core/recent-map.ts'
import type { CallQuota, QuotaDemand } from '../fleet-port/fleet-port.ts'
import type { HeaderPairs } from '../transport/transport.ts'
import { type RateKind, type RateWindow, readRateWindow, waitFor } from './rate-window.ts'

/** How a client admits calls. */
export interface AdmissionSettings {
  /** Concurrent calls to one origin. `Infinity`: no limit. */
  readonly calls: number
  /** How long a call may wait to begin. `0`: only its own deadlines apply. */
  readonly queueMs: number
  /** Whether calls begin more slowly when a rate limit of the endpoint is nearly used up. */
  readonly pace: boolean
}

/** The right of a call to begin. */
export interface Permit {
  /** The endpoint answered: the limits in its headers include this call from now on. */
  answered(headers: HeaderPairs): void
  /** The call is over. */
  release(): void
}

export interface Entry {
  readonly origin: string
  readonly model: string
  readonly inputTokens: number
  readonly scope: AbortScope
  /** Milliseconds from now until the wait fails. `Infinity` without a limit. */
  readonly withinMs: number
  /** The error for when that time is over. */
  onTimeout(): Error
  /** Called when the call has to wait, with the reason. */
  onWaiting(reason: WaitReason): void
}

/**
 * `limit`: as many calls as allowed are under way. `rate`: a rate limit of the endpoint is nearly used up. `pushback`: the endpoint has
 * asked another call to wait.
 */
export type WaitReason = 'limit' | 'rate' | 'pushback'

/** The part of this process in a limit that processes share, for calls to an origin. */
export type QuotaOf = (origin: string, demand: QuotaDemand) => CallQuota

/** The gate of an origin, and its quota if processes share the limit. */
interface Place {
  readonly gate: Gate
  readonly quota: CallQuota | undefined
}

/** Longest wait for a rate limit: as long as the longest hint that is obeyed. */
const MAX_PACE_MS = 60_000

/** The longest delay of a timer. */
const LONGEST_WAIT_MS = 2 ** 31 - 1

const KINDS: readonly RateKind[] = ['requests', 'tokens']

const MAX_KEYS = 512

/** Admits the calls of a client in order of arrival, within the limits of their origin. */
export class Admission {
  readonly #clock: Clock
  readonly #settings: AdmissionSettings
  readonly #places = new Map<string, Place>()
  readonly #quotaOf: QuotaOf | undefined
  readonly #paces = new RecentMap<string, RatePace>(MAX_KEYS)

  /** @param quotaOf if processes share the limit. */
  constructor(clock: Clock, settings: AdmissionSettings, quotaOf?: QuotaOf) {
    this.#clock = clock
    this.#settings = settings
    this.#quotaOf = quotaOf
  }

  /** Waiting calls, over all origins. */
  get waiting(): number {
    let waiting = 0
    for (const { gate } of this.#places.values()) waiting += gate.waiting
    return waiting
  }

  /** @throws the caller's own reason on an abort; `entry.onTimeout()` when the wait takes too long. */
  async enter(entry: Entry): Promise<Permit> {
    const { origin, model, inputTokens, scope, onWaiting } = entry
    const clock = this.#clock
    const place = this.#placeOf(origin)
    const lateAt = clock.now() + entry.withinMs
    if (place.gate.isFull) {
      onWaiting('limit')
      await this.#wait(place, entry)
    } else {
      place.gate.enter(() => {})
      place.quota?.changed()
    }
    // A call without a model is not a Responses call, and has other rate limits.
    const pace =
      this.#settings.pace && model !== ''
        ? this.#paces.obtain(`${origin} ${model}`, () => new RatePace(clock))
        : undefined
    const leave = pace?.join(inputTokens)
    const over = (): void => {
      leave?.()
      this.#leave(origin, place)
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

  /**
   * Takes a permit that is free now, for a hedge. Returns the function that releases it, or `undefined` if a call would
   * have to wait.
   */
  enterNow(origin: string): (() => void) | undefined {
    const place = this.#placeOf(origin)
    const { gate, quota } = place
    if (gate.isFull || gate.waiting > 0) return undefined
    gate.enter(() => {})
    quota?.changed()
    let inside = true
    return () => {
      if (!inside) return
      inside = false
      this.#leave(origin, place)
    }
  }

  #leave(origin: string, { gate, quota }: Place): void {
    gate.leave()
    quota?.changed()
    if (gate.isIdle) this.#places.delete(origin)
  }

  async #wait({ gate, quota }: Place, { origin, scope, withinMs, onTimeout }: Entry): Promise<void> {
    let giveUp!: () => boolean
    const place = new Promise<void>((letIn) => {
      giveUp = gate.enter(letIn)
    })
    quota?.changed()
    try {
      await withDeadline(place, { clock: this.#clock, scope, ms: Math.min(withinMs, LONGEST_WAIT_MS), onTimeout })
    } catch (error) {
      // It was admitted in the same tick as the abort: pass the permit on.
      if (!giveUp()) gate.leave()
      quota?.changed()
      if (gate.isIdle) this.#places.delete(origin)
      throw error
    }
  }

  #placeOf(origin: string): Place {
    const known = this.#places.get(origin)
    if (known !== undefined) return known
    let quota: CallQuota | undefined
    const { calls } = this.#settings
    const gate = new Gate(this.#quotaOf === undefined ? calls : () => quota?.limit() ?? 0)
    quota = this.#quotaOf?.(origin, gate)
    const place = { gate, quota }
    this.#places.set(origin, place)
    return place
  }
}

/** The rate limits of an endpoint for one model. */
class RatePace {
  readonly #clock: Clock
  readonly #windows: Partial<Record<RateKind, RateWindow>> = {}
  /** Cost of calls that have begun or wait, and are not answered yet. */
  readonly #pending: Record<RateKind, number> = { requests: 0, tokens: 0 }

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Counts a call as begun. Returns the function that ends this, once. */
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
