/**
 * How long live attempts stay silent. Counts in buckets that grow by a fixed ratio, as in a DDSketch: every time is
 * known to within 2 %, in bounded space.
 */
const RELATIVE_ERROR = 0.02
const RATIO = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
const LOG_RATIO = Math.log(RATIO)

/** The bucket of a time in milliseconds. All times up to 1 ms share one bucket. */
export function bucketOf(ms: number): number {
  return ms <= 1 ? 0 : Math.ceil(Math.log(ms) / LOG_RATIO)
}

/** The middle of a bucket, in proportion. */
function timeOf(bucket: number): number {
  return (2 * RATIO ** bucket) / (RATIO + 1)
}

/**
 * Times to the first event, and times at which a silent attempt was given up. The latter are censored: the first event
 * would have come later. Without them every endpoint would look faster the more attempts are cut.
 */
export class SilenceSketch {
  readonly #answered = new Map<number, number>()
  readonly #givenUp = new Map<number, number>()

  /** @param weight the probability that the attempt was alive: a dead attempt says nothing about live ones. */
  add(kind: 'answered' | 'givenUp', ms: number, weight = 1): void {
    const counts = kind === 'answered' ? this.#answered : this.#givenUp
    const bucket = bucketOf(ms)
    counts.set(bucket, (counts.get(bucket) ?? 0) + weight)
  }

  /** The survival function of several sketches together (Kaplan–Meier estimate). */
  static curve(sketches: Iterable<SilenceSketch>): SurvivalCurve {
    const answered = new Map<number, number>()
    const givenUp = new Map<number, number>()
    for (const sketch of sketches) {
      addUp(answered, sketch.#answered)
      addUp(givenUp, sketch.#givenUp)
    }
    const buckets = [...new Set([...answered.keys(), ...givenUp.keys()])].sort((a, b) => a - b)
    let samples = 0
    for (const count of answered.values()) samples += count
    let atRisk = samples
    for (const count of givenUp.values()) atRisk += count
    const enough = atRisk * WORTH_A_LOOK
    let survival = 1
    let longestMs = 0
    const steps: Step[] = []
    for (const bucket of buckets) {
      const came = answered.get(bucket) ?? 0
      if (came > 0 || atRisk >= enough) longestMs = timeOf(bucket)
      // Rounding must not make a survival negative.
      if (came > 0 && atRisk > 0) {
        survival *= Math.max(0, 1 - came / atRisk)
        steps.push({ ms: timeOf(bucket), survival })
      }
      atRisk -= came + (givenUp.get(bucket) ?? 0)
    }
    return new SurvivalCurve(samples, steps, longestMs)
  }
}

function addUp(into: Map<number, number>, from: ReadonlyMap<number, number>): void {
  for (const [bucket, count] of from) into.set(bucket, (into.get(bucket) ?? 0) + count)
}

interface Step {
  readonly ms: number
  readonly survival: number
}

/** Silences of at least a hundredth of all attempts count as known. Rarer ones may be dead attempts. */
const WORTH_A_LOOK = 0.01

/** From this share on a curve is tail. */
const TAIL_FROM = 0.1
/** Beyond the longest known time the share falls as in the tail, by a power of time: at least by its square. */
const LEAST_TAIL_POWER = 2
const MOST_TAIL_POWER = 8
/** A shorter tail shows no slope. */
const LEAST_TAIL_STRETCH = 1.2

/** The share of live attempts that are still silent after a time, estimated from `samples` attempts. */
export class SurvivalCurve {
  /** Attempts whose first event was seen. */
  readonly samples: number
  readonly #steps: readonly Step[]
  readonly #longestMs: number
  readonly #tailPower: number

  /** @param longestMs up to which silences are known. */
  constructor(samples: number, steps: readonly Step[], longestMs: number) {
    this.samples = samples
    this.#steps = steps
    this.#longestMs = longestMs
    this.#tailPower = tailPowerOf(steps)
  }

  /** Up to the longest known time, never less than the share of one more attempt: n samples show nothing rarer. */
  at(ms: number): number {
    let low = 0
    let high = this.#steps.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#steps[middle] as { ms: number }).ms <= ms) low = middle + 1
      else high = middle
    }
    const survival = low === 0 ? 1 : (this.#steps[low - 1] as { survival: number }).survival
    const known = Math.max(survival, 1 / (this.samples + 1))
    return ms <= this.#longestMs || this.samples === 0 ? known : known * (this.#longestMs / ms) ** this.#tailPower
  }
}

/** Most latency tails get steeper, so the slope seen so far is a cautious estimate. */
function tailPowerOf(steps: readonly Step[]): number {
  const from = steps.find(({ survival }) => survival <= TAIL_FROM)
  const to = steps.findLast(({ survival }) => survival > 0)
  if (from === undefined || to === undefined || to.ms < from.ms * LEAST_TAIL_STRETCH) return LEAST_TAIL_POWER
  const slope = Math.log(from.survival / to.survival) / Math.log(to.ms / from.ms)
  return Math.min(MOST_TAIL_POWER, Math.max(LEAST_TAIL_POWER, slope))
}
