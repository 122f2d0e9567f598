/**
 * How long live attempts stay silent: counts in buckets that grow by a fixed ratio, as a DDSketch has them, so that every
 * time is known to within 2 % whatever its size, in bounded space.
 */
const RELATIVE_ERROR = 0.02
const RATIO = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
const LOG_RATIO = Math.log(RATIO)

/** The bucket of a time in milliseconds. What is at most 1 ms shares one. */
export function bucketOf(ms: number): number {
  return ms <= 1 ? 0 : Math.ceil(Math.log(ms) / LOG_RATIO)
}

/** The time that is nearest, in proportion, to all that share a bucket. */
function timeOf(bucket: number): number {
  return (2 * RATIO ** bucket) / (RATIO + 1)
}

/**
 * Times to the first event, and times at which an attempt was given up before one (censored: it is known only that it
 * would have taken longer). Dropping the latter would make every endpoint look faster the more is cut.
 */
export class SilenceSketch {
  readonly #answered = new Map<number, number>()
  readonly #givenUp = new Map<number, number>()

  /** @param weight the probability that it was alive: a dead attempt says nothing about live ones. */
  add(kind: 'answered' | 'givenUp', ms: number, weight = 1): void {
    const counts = kind === 'answered' ? this.#answered : this.#givenUp
    const bucket = bucketOf(ms)
    counts.set(bucket, (counts.get(bucket) ?? 0) + weight)
  }

  /** The survival function of several sketches together (Kaplan and Meier's estimate). */
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
      // Rounding must not leave a survival below nothing.
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

/** What a hundredth of all attempts was silent for is known; what fewer were given up after may have been dead ones. */
const WORTH_A_LOOK = 0.01

/** From this share on a curve is tail. */
const TAIL_FROM = 0.1
/** Beyond the longest time known the share falls as it did in the tail, by a power of time: at least by its square. */
const LEAST_TAIL_POWER = 2
const MOST_TAIL_POWER = 8
/** A shorter stretch of tail shows no slope. */
const LEAST_TAIL_STRETCH = 1.2

/** The share of live attempts that are still silent after a time, as far as `samples` of them tell. */
export class SurvivalCurve {
  /** Attempts whose first event was seen. */
  readonly samples: number
  readonly #steps: readonly Step[]
  readonly #longestMs: number
  readonly #tailPower: number

  /** @param longestMs up to which silences are known, by answers or by patience. */
  constructor(samples: number, steps: readonly Step[], longestMs: number) {
    this.samples = samples
    this.#steps = steps
    this.#longestMs = longestMs
    this.#tailPower = tailPowerOf(steps)
  }

  /** Up to the longest time known never less than one attempt more would make of it: n samples show nothing rarer. */
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

/** For latencies whose tail grows ever steeper, as most do, the slope seen so far is a cautious guess. */
function tailPowerOf(steps: readonly Step[]): number {
  const from = steps.find(({ survival }) => survival <= TAIL_FROM)
  const to = steps.findLast(({ survival }) => survival > 0)
  if (from === undefined || to === undefined || to.ms < from.ms * LEAST_TAIL_STRETCH) return LEAST_TAIL_POWER
  const slope = Math.log(from.survival / to.survival) / Math.log(to.ms / from.ms)
  return Math.min(MOST_TAIL_POWER, Math.max(LEAST_TAIL_POWER, slope))
}
