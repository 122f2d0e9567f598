import type { AttemptTransport, ClientLifecycleEvent } from '../../../src/index.ts'
import type { Violations } from './violations.ts'

export interface Evictions {
  readonly count: number
  /** The newest. */
  readonly generation: number
  readonly generations: ReadonlySet<number>
}

const NONE: Evictions = { count: 0, generation: 0, generations: new Set() }

interface Life {
  poisoned: boolean
  evicted: boolean
  destroyed: boolean
}

/** Each cached client is created, perhaps poisoned, evicted and destroyed: once, and in this order. */
export class Lifecycles {
  readonly #violations: Violations
  readonly #endpointOf: (key: string) => number
  readonly #lives = new Map<string, Life>()
  readonly #evictions = new Map<string, Evictions>()

  constructor(violations: Violations, endpointOf: (key: string) => number) {
    this.#violations = violations
    this.#endpointOf = endpointOf
  }

  evictions(endpoint: number, transport: AttemptTransport): Evictions {
    return this.#evictions.get(`${transport} ${endpoint}`) ?? NONE
  }

  hear({ type, key, generation }: ClientLifecycleEvent): void {
    const name = `${key}#${generation}`
    const wrong = (what: string): void =>
      this.#violations.add('client_lifecycle', undefined, `${type} of ${name}: ${what}`)
    const life = this.#lives.get(name)
    if (type === 'client_created') {
      if (life !== undefined) wrong('it exists already')
      this.#lives.set(name, { poisoned: false, evicted: false, destroyed: false })
      return
    }
    if (life === undefined) {
      wrong('it was never created')
      return
    }
    switch (type) {
      case 'client_poisoned':
        if (life.poisoned || life.evicted) wrong('it is on its way out already')
        life.poisoned = true
        break
      case 'client_evicted': {
        if (life.evicted) wrong('it was evicted before')
        life.evicted = true
        const owner = `${key.startsWith('ws') ? 'websocket' : 'http'} ${this.#endpointOf(key)}`
        const { count, generation: newest, generations } = this.#evictions.get(owner) ?? NONE
        this.#evictions.set(owner, {
          count: count + 1,
          generation: Math.max(newest, generation),
          generations: new Set([...generations, generation]),
        })
        break
      }
      case 'client_destroyed':
        if (!life.evicted || life.destroyed) wrong(life.destroyed ? 'it was destroyed before' : 'it was not evicted')
        life.destroyed = true
    }
  }

  checkAllGone(): void {
    for (const [name, life] of this.#lives) {
      if (!life.destroyed) this.#violations.add('client_lifecycle', undefined, `${name} was never destroyed`)
    }
  }
}
