import type { Clock } from '../core/clock.ts'
import { RecentMap } from '../core/recent-map.ts'
import type { FleetFact } from '../fleet-port/fleet-port.ts'
import type { StoreTime } from './store-time.ts'

const MAX_FACTS = 256
/** A fact whose end differs by less is the same for the store. */
const SAME_MS = 1000

/** The facts of one origin that are true now, and which of them the store does not know. */
export class KnownFacts {
  readonly #origin: string
  readonly #clock: Clock
  readonly #time: StoreTime
  /** Until when, by our clock. */
  readonly #until = new RecentMap<string, number>(MAX_FACTS)
  readonly #untold = new Set<string>()

  constructor(origin: string, clock: Clock, time: StoreTime) {
    this.#origin = origin
    this.#clock = clock
    this.#time = time
  }

  /** This process has learnt it. Returns whether the others need to be told. */
  learn(fact: FleetFact): boolean {
    const text = textOf(this.#origin, fact)
    const until = this.#clock.now() + fact.forMs
    if (until <= (this.#until.peek(text) ?? -Infinity)) return false
    this.#until.set(text, until)
    this.#untold.add(text)
    return true
  }

  /** Triples for the script. */
  untold(): string[] {
    const now = this.#clock.now()
    const triples: string[] = []
    for (const text of this.#untold) {
      const until = this.#until.peek(text) ?? -Infinity
      if (until > now) triples.push(text, String(Math.ceil(until - now)), this.#time.toStore(until))
      else this.#untold.delete(text)
    }
    return triples
  }

  /** What the store knows now, all of it. What it has lost is told again with the next report. */
  told(known: ReadonlyMap<string, number>): void {
    const now = this.#clock.now()
    this.#untold.clear()
    for (const [text, until] of [...this.#until.entries()]) {
      if (until <= now) this.#until.delete(text)
      else if (until - now > (known.get(text) ?? 0) + SAME_MS) this.#untold.add(text)
    }
  }

  /** Another process, or the store, says that it is true for so long. Returns the fact if it is new. */
  heard(text: string, forMs: number): FleetFact | undefined {
    const until = this.#clock.now() + forMs
    if (forMs <= 0 || until <= (this.#until.peek(text) ?? -Infinity) + 1) return undefined
    const [origin, fact] = factOf(text, forMs) ?? []
    if (origin !== this.#origin) return undefined
    this.#until.set(text, until)
    return fact
  }
}

function textOf(origin: string, { kind, at, account, model }: FleetFact): string {
  return JSON.stringify([origin, kind, at, account, model])
}

/** What is stored may be of another version, or by another program. */
function factOf(text: string, forMs: number): [origin: string, fact: FleetFact] | undefined {
  try {
    const fields: unknown = JSON.parse(text)
    if (!Array.isArray(fields) || fields.length !== 5 || !fields.every((one) => typeof one === 'string'))
      return undefined
    const [origin, kind, at, account, model] = fields as [string, string, string, string, string]
    if (kind !== 'pushback' && kind !== 'cooldown') return undefined
    return [origin, { kind, at, account, model, forMs }]
  } catch {
    return undefined
  }
}
