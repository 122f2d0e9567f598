import { ResilientClient, type TelemetryEvent } from '../../src/index.ts'
import { seededRandom, VirtualClock } from '../../src/testing/index.ts'
import { act } from './actors.ts'
import { Caller } from './caller.ts'
import { Account } from './check/account.ts'
import type { Log } from './check/ledger.ts'
import { Leftovers } from './check/leftovers.ts'
import { Lifecycles } from './check/lifecycles.ts'
import { checkOutcome } from './check/outcomes.ts'
import { PoolChecks } from './check/pool.ts'
import { RequestChecks } from './check/requests.ts'
import { isPlainForSockets, SocketChecks } from './check/sockets.ts'
import { type Violation, Violations } from './check/violations.ts'
import { clientOptions } from './client-options.ts'
import { describeEvent } from './describe.ts'
import { SimEndpoints } from './endpoints.ts'
import { begin } from './history.ts'
import { endpointOf, Network, originOf, register } from './network/network.ts'
import { type Counts, countsOf } from './report.ts'
import type { RestartPlan, Schedule } from './schedule.ts'
import { Stalls } from './stalls.ts'
import { Witness } from './witness.ts'

/** Longer than any call can take: what is not over by then never is. */
const LONGEST_MS = 12 * 3_600_000
/** A connection is drained for 100 ms behind an answer. */
const QUIET_MS = 150
/** For a call that is about the response of another one, until that one has shown an id. */
const WAIT_MS = 25
const MOST_WAITS = 40

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
  readonly #pool: PoolChecks | undefined
  readonly #leftovers: Leftovers
  readonly #sockets: SocketChecks
  readonly #name: string
  readonly #stalls = new Stalls()
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
        ownerOf: (id) => this.#endpoints.ownerOf(id),
        hasPool: schedule.client.pool !== undefined,
        sockets: () => this.#sockets,
        log: this.#log,
      }),
    )
    this.#sockets = new SocketChecks({
      violations: this.#violations,
      callers: this.#callers,
      memory: this.#endpoints.memory,
      wouldContinue: (socket, id) => this.#endpoints.sessionOf(socket)?.wouldContinue(id) ?? false,
      isPlain: isPlainForSockets(schedule),
    })
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
    this.#pool =
      schedule.client.pool === undefined
        ? undefined
        : new PoolChecks({
            violations: this.#violations,
            now: () => clock.now(),
            size: schedule.endpoints.length,
            soon: (check) => queueMicrotask(check),
          })
    this.#client = new ResilientClient(
      clientOptions(
        schedule,
        {
          clock: clock.labelled('client'),
          random: seededRandom(schedule.seed),
          onEvent: (event) => this.#hear(event),
        },
        {
          clock,
          baseURLs: schedule.endpoints.map((_, index) => `${originOf(name, index)}/v1`),
          ownerOf: (id) => this.#endpoints.ownerOf(id),
        },
      ),
    )
    this.#leftovers = new Leftovers({
      violations: this.#violations,
      client: this.#client,
      clock,
      network: this.#network,
    })
  }

  async run(): Promise<Report> {
    const unregister = register(this.#name, this.#network)
    try {
      this.#plan()
      await this.#untilSettled()
      await this.#clock.advance(QUIET_MS)
      this.#leftovers.checkQuiet(this.#callers.values())
      this.#end()
      await this.#clock.advance(QUIET_MS)
      await this.#untilEnded()
      this.#leftovers.checkNothing()
      this.#lifecycles.checkAllGone()
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
        stalledSince: (at) => this.#stalls.since(at),
        isOnlyCopy: (id) => this.#endpoints.memory.onlySocketOf(id) !== undefined,
      })
    }
    const callers = [...this.#callers.values()]
    return {
      violations: this.#violations.found,
      counts: countsOf(this.#schedule, callers, this.#endpoints, this.#stalls.count, this.#clock.now()),
      callers,
      endpoints: this.#endpoints,
    }
  }

  #plan(): void {
    const { calls, endpoints, stalls, wallJumps, end } = this.#schedule
    const at = (ms: number, run: () => void): void => this.#at(ms, run)
    for (const plan of calls) {
      const requests = () => this.#endpoints.requestsOf(plan.id)
      const caller = new Caller(plan, this.#schedule, new Witness(plan.id, this.#violations, requests), {
        violations: this.#violations,
        now: () => this.#clock.now(),
        stalledSince: (since) => this.#stalls.since(since),
        account: (endpoint) => this.#accounts[endpoint],
        evictions: (endpoint, transport) => this.#lifecycles.evictions(endpoint, transport),
        pool: this.#pool,
        log: this.#log,
      })
      this.#callers.set(plan.id, caller)
      caller.onSettled.push(() => this.#sockets.settles(caller))
    }
    for (const caller of this.#callers.values()) begin(caller, this.#callers, { at, call: () => this.#call(caller) })
    for (const [index, { restarts }] of endpoints.entries())
      for (const restart of restarts) at(restart.at, () => this.#restart(index, restart))
    for (const { at: when, ms } of stalls) at(when, () => this.#stall(ms))
    for (const { at: when, ms } of wallJumps) at(when, () => this.#clock.jumpWall(ms))
    if (end.at !== undefined) at(end.at, () => this.#end())
  }

  /** The plan may reach beyond the last call. No code waits for what it then still holds. */
  #at(ms: number, run: () => void): void {
    this.#clock.setTimer(run, ms, { unref: true })
  }

  #call(caller: Caller, waited = 0): void {
    const { plan } = caller
    if (plan.of !== undefined) {
      caller.of = this.#callers.get(plan.of)?.knownId
      if (caller.of === undefined && waited < MOST_WAITS) {
        this.#at(WAIT_MS, () => this.#call(caller, waited + 1))
        return
      }
    }
    caller.startedAt = this.#clock.now()
    caller.clientWas = this.#ending ?? 'open'
    if (plan.abortAt !== undefined && plan.abortAt < 0) caller.abort()
    else if (plan.abortAt !== undefined) this.#at(plan.abortAt, () => caller.abort())
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
    this.#stalls.add(this.#clock.now(), ms)
    this.#clock.jump(ms)
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
      this.#leftovers.checkTimers(this.#schedule.end.how)
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

  #hear(event: TelemetryEvent): void {
    if (event.type === 'endpoint_cooled') {
      this.#log?.(`${event.endpoint} cools down for ${event.forMs} ms`)
      const cooled = endpointOf(new URL(event.endpoint))
      this.#pool?.cooled(cooled, event.forMs)
      this.#endpoints.cools(cooled)
    }
    if (!('key' in event)) return
    this.#log?.(describeEvent(event))
    this.#lifecycles.hear(event)
  }

  #endpointOf(key: string): number {
    if (key.startsWith('ws')) return endpointOf(new URL(key))
    return this.#schedule.endpoints.findIndex((_, index) => originOf(this.#name, index) === key)
  }
}
