import type { Clock } from '../core/clock.ts'
import { RecentMap } from '../core/recent-map.ts'
import { SilenceSketch, SurvivalCurve } from './survival.ts'

/** The last hour, in six parts: what an endpoint did before says little about today. */
const RING_SIZE = 6
const RING_STEP_MS = 10 * 60_000

/** A curve is made anew when a fiftieth more is known, so that learning costs little where much is known already. */
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

/** Of how many kinds of calls times are kept; the one used longest ago is forgotten. */
const MAX_KEYS = 512

/** First-event times by key. Keys are words of the caller's, so their number is bounded. */
export class LatencyModel {
  readonly #clock: Clock
  readonly #windows = new RecentMap<string, LatencyWindow>(MAX_KEYS)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @param keys the same call seen from near and from far. */
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
