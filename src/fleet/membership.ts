import { RecentMap } from '../core/recent-map.ts'
import type { CallQuota, FleetFact, FleetMember, FleetMembership, QuotaDemand } from '../fleet-port/fleet-port.ts'
import type { HeaderPairs } from '../transport/transport.ts'
import { Digests, randomUUID } from './digests.ts'
import { GuardedStore } from './guarded-store.ts'
import { type Keys, keysOf } from './keys.ts'
import { OriginSync } from './origin-sync.ts'
import type { Store, Subscription } from './store.ts'
import { StoreTime } from './store-time.ts'

/** As long as endpoints keep responses. */
const OWNER_MS = 30 * 24 * 3600 * 1000

const KEEP_AGAIN_MS = 1000

/** Origins come from callers, so their number is bounded. */
const MAX_ORIGINS = 64

/** A client in its fleet. Its own is a process of the fleet, although one program may have several. */
export class Membership implements FleetMembership {
  readonly #member: FleetMember
  readonly #store: GuardedStore
  readonly #source: Store
  readonly #digests: Digests
  readonly #keys: Keys
  readonly #account: string
  readonly #process = randomUUID().slice(0, 13)
  readonly #time = new StoreTime()
  readonly #origins = new RecentMap<string, OriginSync>(MAX_ORIGINS)
  #syncs = 0
  #subscription: Subscription | undefined
  /** The store does not let it listen, and that was told. */
  #isRefused = false
  #isOver = false

  constructor(source: Store, name: string, member: FleetMember) {
    this.#member = member
    this.#source = source
    this.#store = new GuardedStore(source, member.clock, (change) => member.storeChanged(change))
    this.#digests = new Digests(name)
    this.#keys = keysOf(name)
    this.#account = this.#digests.accountOf(member.credential)
  }

  accountOf(given: HeaderPairs): string {
    return this.#digests.accountOf(given) || this.#account
  }

  arrive(origin: string): Promise<void> | undefined {
    if (this.#isOver) return undefined
    const arriving = this.#syncOf(origin).arrive()
    if (arriving === undefined) this.#listen()
    // After the first report, which asks how many others listen. What is published meanwhile comes with the report that follows.
    else void arriving.then(() => this.#listen())
    return arriving
  }

  tell(origin: string, fact: FleetFact): void {
    if (!this.#isOver) this.#syncOf(origin).tell(fact)
  }

  quotaOf(origin: string, demand: QuotaDemand): CallQuota {
    return this.#syncOf(origin).quotaOf(demand)
  }

  keepOwner(id: string, endpoint: string): void {
    void this.#keep(this.#keys.owner(this.#digests.of(id)), endpoint)
  }

  /** Off the way of the call, so there is time to try again. */
  async #keep(key: string, endpoint: string, triesLeft = 3): Promise<void> {
    if (this.#isOver || (await this.#store.set(key, endpoint, OWNER_MS)) !== undefined || triesLeft === 1) return
    this.#member.clock.setTimer(() => void this.#keep(key, endpoint, triesLeft - 1), KEEP_AGAIN_MS, { unref: true })
  }

  async findOwner(id: string): Promise<string | undefined> {
    if (this.#isOver) return undefined
    const key = this.#keys.owner(this.#digests.of(id))
    // Without an owner most such calls fail, so one lost command is not taken for an answer.
    const answer = (await this.#store.get(key)) ?? (await this.#store.get(key))
    return typeof answer?.value === 'string' ? answer.value : undefined
  }

  async leave(): Promise<void> {
    this.#isOver = true
    const leaving = [...this.#origins.entries()].map(([, sync]) => sync.leave())
    await Promise.all([...leaving, this.#subscription?.end()])
  }

  #syncOf(origin: string): OriginSync {
    return this.#origins.obtain(
      origin,
      () =>
        new OriginSync({
          origin,
          store: this.#store,
          clock: this.#member.clock,
          time: this.#time,
          // Reports are numbered for each: one that was dropped from the map may still be under way.
          process: `${this.#process}.${++this.#syncs}`,
          channel: this.#keys.channel,
          keys: {
            quotas: this.#keys.quotas(origin, this.#account),
            facts: this.#keys.facts(origin),
            known: this.#keys.known(origin),
          },
          limit: this.#member.limit,
          isListening: () => this.#subscription !== undefined,
          onFact: (fact) => this.#member.heard(fact),
        }),
    )
  }

  #listen(): void {
    if (this.#isOver) return
    this.#subscription ??= this.#source.subscribe(this.#keys.channel, {
      onMessage: (message) => this.#published(message),
      onListening: () => {
        this.#isRefused = false
        for (const [, sync] of this.#origins.entries()) sync.listening()
      },
      onRefused: (problem) => {
        if (!this.#isRefused) this.#member.storeChanged({ state: 'not_subscribed', problem })
        this.#isRefused = true
      },
    })
  }

  /** `untilMs forMs fact`, by the time of the store: what waited in a frozen connection may be over. */
  #published(message: string): void {
    const [, until, forMs, text] = /^(\d+) (\d+) (.+)$/s.exec(message) ?? []
    if (text === undefined) return
    const now = this.#member.clock.now()
    const leftMs = Math.min(Number(forMs), this.#time.untilStore(Number(until), now) ?? Infinity)
    // All origins have one channel, and each takes what is its own.
    for (const [, sync] of this.#origins.entries()) sync.published(text, leftMs)
  }
}
