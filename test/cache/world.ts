import { ClientCache, type ClientCacheEvent, type ClientCacheOptions } from '../../src/cache/client-cache.ts'
import { VirtualClock } from '../../src/testing/index.ts'

/** A client that remembers what was done to it. */
export class TestClient {
  readonly key: string
  readonly number: number
  usable = true
  retired = 0
  destroyed = 0
  retiredFirst = false

  constructor(key: string, number: number) {
    this.key = key
    this.number = number
  }
}

export interface Build {
  /** Virtual time the build takes. */
  readonly ms?: number
  readonly fails?: boolean
  /** `isUsable` says no from the start. */
  readonly unusable?: boolean
}

/** A cache of test clients in virtual time. What the next builds are like is told through `builds`. */
export function cacheWorld(options: Partial<ClientCacheOptions<TestClient>> = {}) {
  const clock = new VirtualClock()
  const clients: TestClient[] = []
  const events: ClientCacheEvent[] = []
  const builds: Build[] = []
  const building = new Map<string, number>()
  const problems: string[] = []
  const cache = new ClientCache<TestClient>({
    async create(key) {
      building.set(key, (building.get(key) ?? 0) + 1)
      if ((building.get(key) ?? 0) > 1) problems.push(`two builds of ${key} at once`)
      try {
        const { ms = 0, fails = false, unusable = false } = builds.shift() ?? {}
        if (ms > 0) await new Promise<void>((resolve) => void clock.setTimer(resolve, ms))
        if (fails) throw new Error(`no client for ${key}`)
        const client = new TestClient(key, clients.length + 1)
        client.usable = !unusable
        clients.push(client)
        return client
      } finally {
        building.set(key, (building.get(key) ?? 0) - 1)
      }
    },
    isUsable: (client) => client.usable,
    retire(client) {
      client.retired++
      if (client.destroyed > 0) problems.push(`client ${client.number} was retired after it was destroyed`)
    },
    destroy(client) {
      client.destroyed++
      client.retiredFirst = client.retired > 0
    },
    clock,
    onEvent: (event) => events.push(event),
    ...options,
  })
  return {
    cache,
    clock,
    clients,
    events,
    builds,
    problems,
    told: (): string[] => events.map(({ type, key, generation }) => `${type} ${key}${generation}`),
    alive: (): number[] => clients.filter(({ destroyed }) => destroyed === 0).map(({ number }) => number),
  }
}
