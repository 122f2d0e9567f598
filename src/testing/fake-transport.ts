import { type Clock, systemClock } from '../core/clock.ts'
import { counted } from '../core/counted.ts'
import { clockRule, flag, section } from '../core/rule-kinds.ts'
import type { Rules } from '../core/rules.ts'
import { shown } from '../core/shown.ts'
import type {
  ClientLifecycleEvent,
  Exchange,
  ExchangeObserver,
  Transport,
  TransportAbilities,
  TransportRequest,
  TransportStats,
} from '../transport/transport.ts'
import { FakeConnections, type FakeLease } from './fake-transport/connections.ts'
import { FakeExchange } from './fake-transport/exchange.ts'
import { networkError } from './fake-transport/network-errors.ts'
import { RecordedRequest } from './fake-transport/recorded-request.ts'
import { type Script, spellOut } from './fake-transport/script.ts'
import { describeStep, type FakeAttempt } from './fake-transport/steps.ts'
import { checkUsage } from './usage.ts'
import { VirtualClock } from './virtual-clock.ts'

/** The script of each attempt: a list in order of arrival, or a function that is called for each attempt. */
export type FakePlan = readonly FakeAttempt[] | ((request: RecordedRequest) => FakeAttempt)

/** Options of a `FakeTransport`. */
export interface FakeTransportOptions {
  /**
   * Runs the delays of the script. A client without a `clock` option uses this clock; a client with a different one is
   * refused. Default: the system clock, which looks the global timers up each time, so fake timers of a test framework
   * work. With a `VirtualClock` the transport's timers have the label `fake transport`.
   */
  readonly clock?: Clock
  /** Default: all true. An ability set to `false` is not reported, or not honoured. */
  readonly abilities?: Partial<TransportAbilities>
}

/** Counts of a `FakeTransport`, at this moment. */
export interface FakeTransportStats extends TransportStats {
  /** Exchanges that are not over, including those that are being drained. */
  readonly openExchanges: number
  /** Timers that the transport has armed. */
  readonly timers: number
}

/**
 * A transport without a network. Each attempt plays a script in the caller's clock, and is recorded.
 *
 * @example
 * const transport = new FakeTransport([fake.stall(), fake.respond(textStream({ text: 'hi' }))], { clock })
 * const client = new ResilientClient({ transport, clock })
 * …
 * transport.requests[1].json
 * transport.assertConsumed()
 */
export class FakeTransport implements Transport {
  readonly name = 'fake'
  readonly abilities: TransportAbilities
  /** Every request, in order. */
  readonly requests: RecordedRequest[] = []
  readonly clock: Clock
  /** The clock of the options, with a label on the timers. */
  readonly #clock: Clock
  readonly #plan: readonly Script[] | ((request: RecordedRequest) => FakeAttempt)
  readonly #connections = new FakeConnections()
  readonly #played: { readonly record: RecordedRequest; readonly exchange: FakeExchange }[] = []
  readonly #open = new Map<FakeExchange, RecordedRequest>()
  readonly #whenIdle: (() => void)[] = []
  /** Mistakes of the test itself, which `assertConsumed` reports. */
  readonly #mistakes: string[] = []
  #ended: 'closed' | 'destroyed' | undefined

  /** @throws TypeError for an invalid plan, also for a step in an impossible place, such as after a stall. */
  constructor(plan: FakePlan, options: FakeTransportOptions = {}) {
    if (typeof plan !== 'function' && !Array.isArray(plan)) {
      throw new TypeError(
        `FakeTransport: the plan is ${shown(plan)}; expected an array with one entry per attempt, or a function that returns one entry`,
      )
    }
    checkUsage('FakeTransport', options, RULES)
    const clock = options.clock ?? systemClock
    this.clock = clock
    this.#clock = clock instanceof VirtualClock ? clock.labelled('fake transport') : clock
    this.#plan = typeof plan === 'function' ? plan : plan.map(spellPlanned)
    this.abilities = { ...ABILITIES, ...options.abilities }
  }

  /** Plays the next script. Called by the client. */
  send(request: TransportRequest, observer: ExchangeObserver): Exchange {
    const record = new RecordedRequest(request, this.#clock.now())
    const next = this.#ended ? networkError(ENDED_CODES[this.#ended], request.url) : this.#nextScript(record)
    const isRefused = next instanceof Error
    const exchange: FakeExchange = new FakeExchange({
      request,
      record,
      script: isRefused ? refusal(next) : next,
      observer,
      abilities: this.abilities,
      clock: this.#clock,
      lease: isRefused ? NO_LEASE : this.#connections.acquire(request.url.origin),
      onOver: () => this.#over(exchange),
    })
    this.#open.set(exchange, record)
    this.#played.push({ record, exchange })
    return exchange
  }

  observe(listener: (event: ClientLifecycleEvent) => void): () => void {
    return this.#connections.observe(listener)
  }

  /** Connections, leases, open exchanges and timers, at this moment. */
  stats(): FakeTransportStats {
    const timers = [...this.#open.keys()].reduce((sum, exchange) => sum + exchange.timers, 0)
    return { ...this.#connections.stats(), openExchanges: this.#open.size, timers }
  }

  async close(): Promise<void> {
    this.#ended ??= 'closed'
    this.#connections.close()
    if (this.#open.size > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve))
  }

  async destroy(): Promise<void> {
    this.#ended = 'destroyed'
    const abort = (exchange: FakeExchange, { url }: RecordedRequest) =>
      exchange.abort(networkError('UND_ERR_DESTROYED', new URL(url)))
    await Promise.all([...this.#open].map(([exchange, record]) => abort(exchange, record)))
    await this.close()
  }

  /**
   * Checks that every planned attempt came, every step of it began, and no other attempt came.
   *
   * A stall or a delay that the client cuts short counts as consumed, and so do the steps after it, because being cut
   * off is the purpose of such a script. Steps after a `drain()` count too: the client had all it needed. Steps that
   * could have been played when the client hung up do not count, unless `allowHangUp` is `true`.
   *
   * @throws Error that lists every step that was not consumed and every attempt that was not planned.
   */
  assertConsumed(options: { readonly allowHangUp?: boolean } = {}): void {
    const problems = [...this.#mistakes]
    for (const [n, { record, exchange }] of this.#played.entries()) {
      if (options.allowHangUp && record.outcome === 'destroyed') continue
      const missed = exchange.missed.map(describeStep)
      if (missed.length > 0) problems.push(`attempt ${n + 1} (${record.outcome}): not consumed: ${missed.join(', ')}`)
    }
    if (typeof this.#plan !== 'function') {
      for (const [n, { steps }] of this.#plan.entries()) {
        if (n < this.requests.length) continue
        problems.push(`attempt ${n + 1}: never came: ${steps.map(describeStep).join(', ') || 'no steps'}`)
      }
    }
    if (problems.length > 0)
      throw new Error(`FakeTransport: the plan and the attempts differ\n  - ${problems.join('\n  - ')}`)
  }

  /**
   * Checks that the client has left nothing open.
   *
   * @throws Error that lists the open exchanges, whose leases and timers the client left open.
   */
  assertNothingLeft(): void {
    if (this.#open.size === 0) return
    const lines = [...this.#open].map(([exchange, record]) => {
      const state = record.outcome === 'drained' ? 'being drained' : 'open'
      return `attempt ${record.attempt} of ${record.method} ${record.url} (${state}, ${counted(exchange.timers, 'timer')})`
    })
    throw new Error(`FakeTransport: ${counted(lines.length, 'exchange')} left\n  - ${lines.join('\n  - ')}`)
  }

  #nextScript(record: RecordedRequest): Script | Error {
    this.requests.push(record)
    const nth = this.requests.length
    try {
      if (typeof this.#plan === 'function') return spellOut(this.#plan(record))
    } catch (error) {
      this.#mistakes.push(`attempt ${nth}: the plan's function failed: ${String(error)}`)
      return error instanceof Error ? error : new Error(String(error))
    }
    const planned = this.#plan[nth - 1]
    if (planned !== undefined) return planned
    const mistake = `attempt ${nth} was not planned: the plan has ${this.#plan.length} (${record.method} ${record.url})`
    this.#mistakes.push(mistake)
    return Object.assign(new Error(`FakeTransport: ${mistake}`), { code: 'FAKE_ATTEMPT_NOT_PLANNED' })
  }

  #over(exchange: FakeExchange): void {
    this.#open.delete(exchange)
    if (this.#open.size > 0) return
    for (const resolve of this.#whenIdle.splice(0)) resolve()
  }
}

const ABILITIES = { seesConnect: true, seesSent: true, choosesConnection: true } satisfies TransportAbilities

const RULES = {
  clock: clockRule,
  abilities: section({ seesConnect: flag, seesSent: flag, choosesConnection: flag } satisfies Partial<
    Rules<TransportAbilities>
  >),
} satisfies Rules<FakeTransportOptions>

const ENDED_CODES = { closed: 'UND_ERR_CLOSED', destroyed: 'UND_ERR_DESTROYED' } as const

/** A refused attempt gets no client. */
const NO_LEASE: FakeLease = {
  open: () => ({ generation: 0, reused: false, connectionId: undefined }),
  poison: () => {},
  end: () => {},
}

function spellPlanned(attempt: FakeAttempt, n: number): Script {
  try {
    return spellOut(attempt)
  } catch (error) {
    throw new TypeError(`FakeTransport: attempt ${n + 1}: ${(error as Error).message}`, { cause: error })
  }
}

/** Fails at once, before a connection is opened. */
function refusal(error: Error): Script {
  return { steps: [], actions: [{ do: 'fail', error, phase: 'connect' }], startsAt: [] }
}
