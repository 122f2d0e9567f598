import { getEventListeners } from 'node:events'
import { ResilientClient, type TelemetryEvent } from '../../src/index.ts'
import { seededRandom, VirtualClock } from '../../src/testing/index.ts'
import { act } from './actors.ts'
import { Caller } from './caller.ts'
import { Account } from './check/account.ts'
import type { Log } from './check/ledger.ts'
import { Lifecycles } from './check/lifecycles.ts'
import { checkOutcome } from './check/outcomes.ts'
import { RequestChecks } from './check/requests.ts'
import { type Violation, Violations } from './check/violations.ts'
import { clientOptions } from './client-options.ts'
import { describeEvent } from './describe.ts'
import { SimEndpoints } from './endpoints.ts'
import { Network, originOf, register } from './network/network.ts'
import { type Counts, countsOf } from './report.ts'
import type { RestartPlan, Schedule } from './schedule.ts'
import { Witness } from './witness.ts'

/** Longer than any call can take: what is not over by then never is. */
const LONGEST_MS = 12 * 3_600_000
/** A connection is drained for 100 ms behind an answer. */
const QUIET_MS = 150

export interface Report {
  readonly violations: readonly Violation[]
  readonly counts: Counts
  /** For the timeline: who called, and what the endpoints did. */
  readonly callers: readonly Caller[]
  readonly endpoints: SimEndpoints
}

/** One simulated world from its beginning to its end. */
export class World {
  readonly #schedule: Schedule
  readonly #clock: VirtualClock
  readonly #violations: Violations
  readonly #endpoints: SimEndpoints
  readonly #network: Network
  readonly #client: ResilientClient
  readonly #callers = new Map<number, Caller>()
  readonly #accounts: (Account | undefined)[]
  readonly #lifecycles: Lifecycles
  readonly #name: string
  readonly #stalls: { readonly at: number; readonly ms: number }[] = []
  readonly #log: Log | undefined
  #ending: 'closed' | 'destroyed' | undefined
  #ended: Promise<void> | undefined
  #endSettled = false
  #settled = 0

  /** @param name unique among the worlds that run at the same time. */
  constructor(schedule: Schedule, name: string, log?: (at: number, what: string) => void) {
    this.#schedule = schedule
    this.#name = name
    const clock = new VirtualClock()
    this.#clock = clock
    this.#log = log && ((what) => log(clock.now(), what))
    this.#violations = new Violations(() => clock.now(), this.#log)
    this.#endpoints = new SimEndpoints(
      schedule,
      new RequestChecks({
        violations: this.#violations,
        callers: this.#callers,
        requestsOf: (call) => this.#endpoints.requestsOf(call),
        soon: (check) => queueMicrotask(check),
        log: this.#log,
      }),
    )
    const random = seededRandom(schedule.seed ^ 0x2545f491)
    this.#network = new Network({ clock, random, reorder: schedule.reorder, endpoints: this.#endpoints })
    this.#endpoints.network = this.#network
    const { maxConnections = Infinity } = schedule.client
    this.#network.onOpening = (endpoint, connections) => {
      if (connections <= maxConnections) return
      const detail = `${connections} connections to endpoint ${endpoint}, maxConnections is ${maxConnections}`
      this.#violations.add('connections_within_limit', undefined, detail)
    }
    const budget = schedule.client.retry?.budget
    this.#accounts = schedule.endpoints.map(() =>
      budget === false ? undefined : new Account(budget ?? {}, () => clock.now()),
    )
    this.#lifecycles = new Lifecycles(this.#violations, (key) => this.#endpointOf(key))
    this.#client = new ResilientClient(
      clientOptions(
        schedule,
        {
          baseURL: `${originOf(name, 0)}/v1`,
          clock: clock.labelled('client'),
          random: seededRandom(schedule.seed),
          onEvent: (event) => this.#hear(event),
        },
        clock,
      ),
    )
  }

  async run(): Promise<Report> {
    const unregister = register(this.#name, this.#network)
    try {
      this.#plan()
      await this.#untilSettled()
      await this.#clock.advance(QUIET_MS)
      this.#checkQuiet()
      this.#end()
      await this.#clock.advance(QUIET_MS)
      await this.#untilEnded()
      this.#checkNothingLeft()
    } catch (error) {
      this.#violations.add(
        'exception',
        undefined,
        error instanceof Error ? (error.stack ?? error.message) : String(error),
      )
    } finally {
      unregister()
    }
    for (const caller of this.#callers.values()) {
      checkOutcome(caller, {
        violations: this.#violations,
        requestsOf: (call) => this.#endpoints.requestsOf(call),
        stalledSince: (at) => this.#stalledSince(at),
      })
    }
    const callers = [...this.#callers.values()]
    return {
      violations: this.#violations.found,
      counts: countsOf(this.#schedule, callers, this.#endpoints, this.#stalls.length, this.#clock.now()),
      callers,
      endpoints: this.#endpoints,
    }
  }

  #plan(): void {
    const { calls, endpoints, stalls, wallJumps, end } = this.#schedule
    const at = (ms: number, run: () => void): void => void this.#clock.setTimer(run, ms)
    for (const plan of calls) {
      const requests = () => this.#endpoints.requestsOf(plan.id)
      const caller = new Caller(plan, this.#schedule, new Witness(plan.id, this.#violations, requests), {
        violations: this.#violations,
        now: () => this.#clock.now(),
        stalledSince: (since) => this.#stalledSince(since),
        account: (endpoint) => this.#accounts[endpoint],
        evictions: (endpoint) => this.#lifecycles.evictions(endpoint),
        log: this.#log,
      })
      this.#callers.set(plan.id, caller)
      at(plan.at, () => this.#call(caller))
    }
    for (const [index, { restarts }] of endpoints.entries())
      for (const restart of restarts) at(restart.at, () => this.#restart(index, restart))
    for (const { at: when, ms } of stalls) at(when, () => this.#stall(ms))
    for (const { at: when, ms } of wallJumps) at(when, () => this.#clock.jumpWall(ms))
    if (end.at !== undefined) at(end.at, () => this.#end())
  }

  #call(caller: Caller): void {
    const { plan } = caller
    caller.startedAt = this.#clock.now()
    caller.clientWas = this.#ending ?? 'open'
    if (plan.abortAt !== undefined && plan.abortAt < 0) caller.abort()
    else if (plan.abortAt !== undefined) this.#clock.setTimer(() => caller.abort(), plan.abortAt)
    this.#log?.(`call ${plan.id} begins: ${plan.face}`)
    void act(caller, {
      client: this.#client,
      clock: this.#clock,
      schedule: this.#schedule,
      originOf: (endpoint) => originOf(this.#name, endpoint),
    }).then(() => {
      this.#settled++
    })
  }

  #restart(endpoint: number, plan: RestartPlan): void {
    this.#log?.(`endpoint ${endpoint} restarts: ${plan.how}, down for ${plan.downMs} ms`)
    this.#endpoints.restart(endpoint, plan)
  }

  #stall(ms: number): void {
    this.#log?.(`the event loop is blocked for ${ms} ms`)
    this.#stalls.push({ at: this.#clock.now(), ms })
    this.#clock.jump(ms)
  }

  #stalledSince(at: number): number {
    let lost = 0
    for (const stall of this.#stalls) if (stall.at + stall.ms >= at) lost += stall.ms
    return lost
  }

  async #untilSettled(): Promise<void> {
    await this.#clock.settle()
    while (this.#settled < this.#callers.size) {
      const next = this.#clock.pending()[0]
      if (next === undefined || this.#clock.now() > LONGEST_MS) {
        for (const caller of this.#callers.values()) {
          if (caller.outcome === undefined)
            this.#violations.add('hang', caller.plan.id, next === undefined ? 'nothing is pending' : 'it never ends')
        }
        return
      }
      // Many steps at once: the checks look at each as it happens.
      await this.#clock.advance(Math.max(50, next.inMs))
    }
  }

  #end(): void {
    if (this.#ended !== undefined) return
    const { how } = this.#schedule.end
    this.#log?.(`the client is ended: ${how}()`)
    this.#ending = how === 'close' ? 'closed' : 'destroyed'
    if (how === 'destroy') this.#outlive()
    this.#ended = (how === 'close' ? this.#client.close() : this.#client.destroy()).then(() => {
      this.#endSettled = true
      this.#checkNoTimers()
    })
  }

  /** Whose call was under way, or not told yet, when the client was destroyed. */
  #outlive(): void {
    for (const caller of this.#callers.values()) {
      if (caller.startedAt > this.#clock.now() || caller.outcome !== undefined) continue
      caller.outlived = true
      if (caller.ledger?.endedAt === undefined) caller.endedBy = this.#clock.now()
    }
  }

  async #untilEnded(): Promise<void> {
    if (!this.#endSettled) {
      this.#violations.add('hang', undefined, `${this.#schedule.end.how}() of the client does not settle`)
      return
    }
    await this.#ended
  }

  /** Once the client has ended, nothing of it waits for anything. What closes sockets belongs to the network. */
  #checkNoTimers(): void {
    const pending = this.#clock.pending().filter(({ label }) => label === 'client')
    if (pending.length === 0) return
    const { how } = this.#schedule.end
    this.#violations.add(
      'nothing_left',
      undefined,
      `${pending.length} timers when ${how}() has settled: ${JSON.stringify(pending.slice(0, 3))}`,
    )
  }

  #checkQuiet(): void {
    const { leases, activeCalls } = this.#client.stats()
    if (leases !== 0 || activeCalls !== 0)
      this.#violations.add(
        'nothing_left',
        undefined,
        `${leases} leases and ${activeCalls} calls after the last outcome`,
      )
    for (const caller of this.#callers.values()) {
      const listeners = getEventListeners(caller.controller.signal, 'abort').length
      if (listeners > 0) this.#violations.add('nothing_left', caller.plan.id, `${listeners} listeners on its signal`)
      for (const ledger of caller.ledgers) {
        if (ledger.endedAt === undefined)
          this.#violations.add('telemetry_paired', caller.plan.id, 'the call never ends in telemetry')
      }
    }
  }

  #checkNothingLeft(): void {
    const { leases, activeCalls, connections, clients, idleConnections } = this.#client.stats()
    const left = { leases, activeCalls, connections, clients, idleConnections }
    if (Object.values(left).some((count) => count !== 0))
      this.#violations.add('nothing_left', undefined, `after the end: ${JSON.stringify(left)}`)
    const pending = this.#clock.pending().filter(({ label }) => label !== undefined)
    if (pending.length > 0)
      this.#violations.add(
        'nothing_left',
        undefined,
        `${pending.length} timers: ${JSON.stringify(pending.slice(0, 3))}`,
      )
    if (this.#network.wires.size > 0)
      this.#violations.add('nothing_left', undefined, `${this.#network.wires.size} connections at the endpoints`)
    this.#lifecycles.checkAllGone()
  }

  #hear(event: TelemetryEvent): void {
    if (!('key' in event)) return
    this.#log?.(describeEvent(event))
    this.#lifecycles.hear(event)
  }

  #endpointOf(key: string): number {
    return this.#schedule.endpoints.findIndex((_, index) => originOf(this.#name, index) === key)
  }
}
