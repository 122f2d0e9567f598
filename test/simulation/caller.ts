import type { ResilientClient, TelemetryEvent } from '../../src/index.ts'
import type { Clock } from '../../src/testing/index.ts'
import { Ledger, type LedgerContext } from './check/ledger.ts'
import { describeEvent, describeOutcome } from './describe.ts'
import { type Effective, effectiveOf } from './effective.ts'
import type { HistoryItem } from './history.ts'
import type { CallPlan, Schedule } from './schedule.ts'
import type { Witness } from './witness.ts'

/** How a call came out for whoever made it. */
export type Outcome =
  | { readonly kind: 'response'; readonly response: unknown }
  | { readonly kind: 'body'; readonly status: number; readonly text: string; readonly error: unknown }
  | { readonly kind: 'error'; readonly error: unknown }
  /** The consumer went away. */
  | { readonly kind: 'left' }

/** One call, seen from outside: what was asked, what came, and when. */
export class Caller {
  readonly plan: CallPlan
  readonly options: Effective
  readonly controller = new AbortController()
  readonly reason: Error
  readonly ledgers: Ledger[] = []
  readonly witness: Witness
  /** The response that it is about. */
  of: string | undefined
  /** The conversation so far, where it sends all of it. */
  history: readonly HistoryItem[] | undefined
  /** What it asked for. */
  params: Readonly<Record<string, unknown>> | undefined
  startedAt = Infinity
  settledAt: number | undefined
  outcome: Outcome | undefined
  abortedAt: number | undefined
  /** Since when its consumer does something else. */
  pausingSince: number | undefined
  pausedMs = 0
  /** Socket reads since then. */
  readsWhilePausing = 0
  isReading = false
  lastDelivered = -1
  /** How the client was when the call began. */
  clientWas: 'open' | 'closed' | 'destroyed' = 'open'
  /** The client was destroyed under the call. */
  endedBy: number | undefined
  /** The client was destroyed before the outcome, if only while the consumer was away. */
  outlived = false
  /** Told when it has settled. */
  onSettled: Array<() => void> = []
  /** Responses and streams are held on to: what is thrown away is freed by the garbage collector, whenever it runs. */
  held: unknown
  readonly #byCall = new Map<number, Ledger>()
  readonly #context: LedgerContext

  constructor(plan: CallPlan, schedule: Schedule, witness: Witness, context: LedgerContext) {
    this.plan = plan
    this.options = effectiveOf(schedule, plan)
    this.reason = new Error(`the caller of ${plan.id} changed its mind`)
    this.witness = witness
    this.#context = context
  }

  /** The id of its response, as far as its caller has seen it. */
  get knownId(): string | undefined {
    const { outcome, witness } = this
    if (outcome?.kind === 'body') return /"id":"(resp_c\d+r\d+)"/.exec(outcome.text)?.[1]
    if (outcome?.kind === 'response') return (outcome.response as { readonly id?: string }).id
    return witness.stream?.id
  }

  get ledger(): Ledger | undefined {
    return this.ledgers.at(-1)
  }

  /** The endpoint keeps what a second request would double. */
  get isStateful(): boolean {
    const { face, conversation } = this.plan
    return conversation === true || face === 'background' || face === 'background_create'
  }

  /** How long its consumer has not read, so far. */
  get unreadMs(): number {
    return this.pausedMs + (this.pausingSince === undefined ? 0 : this.#context.now() - this.pausingSince)
  }

  abort(): void {
    if (this.abortedAt !== undefined || this.outcome !== undefined) return
    this.#context.log?.(`call ${this.plan.id}: its caller aborts`)
    this.controller.abort(this.reason)
    this.abortedAt = this.#context.now()
  }

  settle(outcome: Outcome): void {
    if (this.outcome !== undefined)
      this.#context.violations.add('one_outcome', this.plan.id, `${outcome.kind} after ${this.outcome.kind}`)
    this.outcome ??= outcome
    this.#context.log?.(`call ${this.plan.id}: settles: ${describeOutcome(outcome)}`)
    this.settledAt ??= this.#context.now()
    for (const tell of this.onSettled.splice(0)) tell()
  }

  hear(event: TelemetryEvent): void {
    if (!('callId' in event)) return
    this.#context.log?.(`call ${this.plan.id}:   ${describeEvent(event)}`)
    if (event.type === 'call_start') {
      if (this.ledger?.current?.ended?.deadline?.name === 'total')
        this.#context.violations.add('deadline_in_time', this.plan.id, 'another call after totalMs had passed')
      const ledger = new Ledger(this, event, this.#context)
      this.#byCall.set(event.callId, ledger)
      this.ledgers.push(ledger)
      return
    }
    const ledger = this.#byCall.get(event.callId)
    if (ledger === undefined)
      this.#context.violations.add('telemetry_paired', this.plan.id, `${event.type} before call_start`)
    else ledger.take(event)
  }
}

export interface CallWorld {
  readonly client: ResilientClient
  readonly clock: Clock
  readonly schedule: Schedule
  readonly originOf: (endpoint: number) => string
}
