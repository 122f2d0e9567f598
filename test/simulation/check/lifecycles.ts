import type { ClientLifecycleEvent } from '../../../src/index.ts'
import type { Violations } from './violations.ts'

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
  readonly #evictions = new Map<number, { count: number; generation: number }>()

  constructor(violations: Violations, endpointOf: (key: string) => number) {
    this.#violations = violations
    this.#endpointOf = endpointOf
  }

  evictions(endpoint: number): { readonly count: number; readonly generation: number } {
    return this.#evictions.get(endpoint) ?? { count: 0, generation: 0 }
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
        const endpoint = this.#endpointOf(key)
        const before = this.evictions(endpoint)
        this.#evictions.set(endpoint, {
          count: before.count + 1,
          generation: Math.max(before.generation, generation),
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
