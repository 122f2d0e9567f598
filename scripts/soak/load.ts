import { findResilientError, ResilientClient, type ResilientClientOptions } from '../../src/index.ts'
import { seededRandom } from '../../src/testing/index.ts'
import { add, type Counts } from './counts.ts'
import { type CallContext, KINDS, type Kind, Violation } from './kinds.ts'

/** Short, so that faults do not take long. */
const OPTIONS: ResilientClientOptions = {
  apiKey: 'soak',
  maxRetries: 3,
  retry: { baseDelayMs: 10, maxDelayMs: 100 },
  timeouts: { connectMs: 500, sendMs: 400, ttfbMs: 250, idleMs: 300, progressMs: 600, staleMs: 1_000, totalMs: 3_000 },
  keepAliveMs: 1_000,
}

/** `totalMs` limits every call, and each request of a background response. This is far above all of them. */
const HUNG_AFTER_MS = 30_000
/** How often each kind is called. Rare kinds are the most expensive ones. */
const SHARES = {
  stream: 5,
  create: 4,
  drop_in: 4,
  restarting_stream: 2,
  background: 2,
  aborted: 2,
  left_early: 1,
  resume: 1,
  drop_in_cancelled: 1,
} satisfies Record<Kind, number>
const DRAWN = Object.entries(SHARES).flatMap(([kind, share]) => Array<Kind>(share).fill(kind as Kind))

/** Calls of all kinds without a pause, on several clients. */
export class Load {
  readonly outcomes: Counts = {}
  readonly kinds: Counts = {}
  readonly violations: string[] = []
  /** Calls that have ended. */
  calls = 0
  readonly #baseURL: string
  readonly #signal: AbortSignal
  readonly #random: () => number
  /** The usual client, one that hedges and shares its connections, and one with a limit on concurrent calls. */
  readonly #own: readonly ResilientClient[]
  readonly #clients: readonly ResilientClient[]
  #begun = 0

  constructor(baseURL: string, signal: AbortSignal, seed: number) {
    const plain = new ResilientClient({ ...OPTIONS, baseURL })
    const turns = new ResilientClient({ ...OPTIONS, baseURL, concurrency: { calls: 4, queueMs: 500 } })
    const hedging = plain.withOptions({ hedge: { minMs: 40, maxExtraShare: 1 } })
    this.#own = [plain, turns]
    this.#clients = [plain, plain, hedging, turns]
    this.#baseURL = baseURL
    this.#signal = signal
    this.#random = seededRandom(seed)
  }

  stats() {
    return this.#own.map((client) => client.stats())
  }

  /** Makes `atATime` concurrent calls until there are enough. Resolves when the last one has ended. */
  async run(atATime: number, isEnough: () => boolean): Promise<void> {
    const worker = async (): Promise<void> => {
      while (!isEnough()) await this.#oneCall()
    }
    await Promise.all(Array.from({ length: atATime }, worker))
  }

  async close(): Promise<void> {
    await Promise.all(this.#own.map((client) => client.close()))
  }

  async #oneCall(): Promise<void> {
    const number = ++this.#begun
    const kind = this.#pick(DRAWN)
    // Clients are created and closed, too.
    const brief = number % 100 === 0 ? new ResilientClient({ ...OPTIONS, baseURL: this.#baseURL }) : undefined
    const context: CallContext = {
      client: brief ?? this.#pick(this.#clients),
      call: `call_${number}`,
      signal: this.#signal,
      baseURL: this.#baseURL,
      random: this.#random,
    }
    let settled = 0
    const made = this.#outcome(kind, context).then((outcome) => {
      settled++
      return outcome
    })
    const outcome = await orHung(made)
    if (outcome === undefined || settled !== 1) this.violations.push(`${context.call} (${kind}) hung`)
    add(this.outcomes, outcome ?? 'hung')
    add(this.kinds, kind)
    this.calls++
    await brief?.close()
  }

  /** Exactly one outcome: a result, a failure that the library names, or the caller's own abort. */
  async #outcome(kind: Kind, context: CallContext): Promise<string> {
    try {
      return await KINDS[kind](context)
    } catch (error) {
      const code = error instanceof Violation ? undefined : findResilientError(error)?.code
      if (code === undefined) this.violations.push(`${context.call} (${kind}): ${error}`)
      return code ?? 'violation'
    }
  }

  #pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.#random() * values.length)] as T
  }
}

export async function orHung<T>(made: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const hung = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), HUNG_AFTER_MS)
  })
  try {
    return await Promise.race([made, hung])
  } finally {
    clearTimeout(timer)
  }
}
