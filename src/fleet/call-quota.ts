import type { Clock } from '../core/clock.ts'
import type { CallQuota, FleetLimit, QuotaDemand } from '../fleet-port/fleet-port.ts'

/** For how long a report is true for the store. */
export const LEASE_MS = 15_000
/**
 * For how long after an answered report calls begin on its quota. A store that has lost everything grants nothing new for 2 s, until
 * the processes have reported. So one that was frozen, and did not report in that time, begins no call. The rest is a margin, because
 * clocks do not run at one speed.
 */
const USE_MS = 1900
/** For how long a process is sure that the store does not answer. It asks again before that. */
const ALONE_MS = 2000

const NO_DEMAND: QuotaDemand = { inside: 0, waiting: 0, fill: () => {} }

/** What a process reports. It uses no more than `held` until the answer has come or the report has failed. */
export interface QuotaReport {
  readonly held: number
  readonly wanted: number
}

/** What the store granted. */
export interface QuotaGrant {
  /** How many calls the process may have under way. */
  readonly quota: number
  /** Its fair part. Below `quota`: it is to give back the rest as soon as no call uses it. */
  readonly target: number
  /** Processes that share the limit. */
  readonly members: number
  /** The store lost what it knew, and grants nothing more until all processes have reported. */
  readonly isRecovering: boolean
}

/**
 * The part of a process in a limit on calls. The store is never ahead of it: the process lowers what it uses first, and reports
 * that. So a report that was lost, came late or ran twice lets no process use what another one has.
 *
 * What was granted is for the time until the next report. A process that was frozen meanwhile finds that time over, and begins no call
 * until it is granted anew.
 */
export class QuotaHolder implements CallQuota {
  readonly #clock: Clock
  readonly #limit: FleetLimit
  #demand: QuotaDemand = NO_DEMAND
  readonly #onChanged: () => void
  #granted = 0
  #target = 0
  /** Processes that share the limit. 0: not known yet. */
  #members = 0
  #grantedUntil = -Infinity
  /** What allowed it to begin calls when it made its last report. Neither: it was frozen, or is new. */
  #wasGranted = false
  #wasAlone = false
  #aloneUntil = -Infinity

  constructor(options: { clock: Clock; limit: FleetLimit; onChanged: () => void }) {
    this.#clock = options.clock
    this.#limit = options.limit
    this.#onChanged = options.onChanged
  }

  /** The calls that the quota is for. */
  serve(demand: QuotaDemand): void {
    this.#demand = demand
  }

  limit(): number {
    const alone = this.#isAlone ? this.#alone : 0
    return Math.max(this.#usable, alone)
  }

  changed(): void {
    this.#onChanged()
  }

  /** Calls wait, although the process uses all that it may. */
  get isShort(): boolean {
    return this.#demand.waiting > 0
  }

  /** The process holds what it does not use, and others want. */
  get hasSurplus(): boolean {
    return this.#isGranted && this.#granted > Math.max(this.#target, this.#demand.inside)
  }

  get isIdle(): boolean {
    return this.#demand.inside === 0 && this.#demand.waiting === 0
  }

  report(): QuotaReport {
    const { inside, waiting } = this.#demand
    const usable = this.#usable
    this.#wasGranted = this.#isGranted
    this.#wasAlone = this.#isAlone
    // What was not granted is not held, except what runs. No other call begins until the answer.
    this.#aloneUntil = -Infinity
    return { held: Math.max(usable, inside), wanted: Math.min(inside + waiting, this.#limit.calls) }
  }

  /** @param reportedAt before the report was sent, because the store counts from when it came. */
  granted(grant: QuotaGrant, reportedAt: number): void {
    this.#granted = grant.quota
    this.#target = grant.target
    // While quotas recover the store does not know all of them.
    this.#members = grant.isRecovering ? Math.max(this.#members, grant.members) : grant.members
    // If it was frozen or is new, others may have its part, and while quotas recover the store does not know that yet.
    if (!grant.isRecovering || this.#wasGranted || this.#wasAlone) this.#grantedUntil = reportedAt + USE_MS
    // A process that was without the store keeps its share until quotas are known again. One that was not has no more than it held,
    // because others hold the rest.
    if (grant.isRecovering && this.#wasAlone) this.#aloneUntil = this.#clock.now() + ALONE_MS
    this.#demand.fill()
  }

  /** The store is lost: the process continues with what it has, and at least an equal share. */
  lost(): void {
    this.#aloneUntil = this.#clock.now() + ALONE_MS
    this.#demand.fill()
  }

  /** The process has given back everything. */
  left(): void {
    this.#grantedUntil = -Infinity
    this.#aloneUntil = -Infinity
    this.#granted = 0
  }

  get #usable(): number {
    return this.#isGranted ? Math.min(this.#granted, this.#target) : 0
  }

  get #isGranted(): boolean {
    return this.#clock.now() < this.#grantedUntil
  }

  get #isAlone(): boolean {
    return this.#clock.now() < this.#aloneUntil
  }

  get #alone(): number {
    const { calls, callsAlone } = this.#limit
    if (callsAlone !== undefined) return callsAlone
    return Math.max(this.#granted, Math.floor(calls / Math.max(1, this.#members)), 1)
  }
}
