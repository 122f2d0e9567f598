import type { Clock } from '../core/clock.ts'
import { RecentMap } from '../core/recent-map.ts'
import { SilenceSketch, SurvivalCurve } from './survival.ts'

/** The last hour, in six parts. Older times say little about the present. */
const RING_SIZE = 6
const RING_STEP_MS = 10 * 60_000

/** A curve is rebuilt when 2 % more samples are known, so that learning stays cheap. */
const WORTH_ANOTHER_LOOK = 1 / 50

/** First-event times of one kind of call. */
class LatencyWindow {
  readonly #ring: Array<{ epoch: number; sketch: SilenceSketch } | undefined> = []
  #curve = new SurvivalCurve(0, [], 0)
  #madeIn = 0
  #news = 0

  add(now: number, kind: 'answered' | 'givenUp', ms: number, weight?: number): void {
    const epoch = Math.floor(now / RING_STEP_MS)
    let slot = this.#ring[epoch % RING_SIZE]
    if (slot?.epoch !== epoch) slot = this.#ring[epoch % RING_SIZE] = { epoch, sketch: new SilenceSketch() }
    slot.sketch.add(kind, ms, weight)
    this.#news++
  }

  curve(now: number): SurvivalCurve {
    const epoch = Math.floor(now / RING_STEP_MS)
    if (epoch === this.#madeIn && this.#news <= this.#curve.samples * WORTH_ANOTHER_LOOK) return this.#curve
    const living = this.#ring.filter((slot) => slot !== undefined && slot.epoch > epoch - RING_SIZE)
    this.#curve = SilenceSketch.curve(living.map((slot) => (slot as { sketch: SilenceSketch }).sketch))
    this.#madeIn = epoch
    this.#news = 0
    return this.#curve
  }
}

/** Kinds of calls to remember. The least recently used one is dropped. */
const MAX_KEYS = 512

/** First-event times by key. Keys come from the caller, so their number is bounded. */
export class LatencyModel {
  readonly #clock: Clock
  readonly #windows = new RecentMap<string, LatencyWindow>(MAX_KEYS)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @param keys of the same call, from exact to coarse. */
  add(keys: readonly string[], kind: 'answered' | 'givenUp', ms: number, weight?: number): void {
    for (const key of keys) this.#window(key).add(this.#clock.now(), kind, ms, weight)
  }

  curve(key: string): SurvivalCurve {
    return this.#window(key).curve(this.#clock.now())
  }

  #window(key: string): LatencyWindow {
    return this.#windows.obtain(key, () => new LatencyWindow())
  }
}
