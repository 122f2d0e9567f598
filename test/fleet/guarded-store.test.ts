import { describe, expect, it } from 'vitest'
import { GuardedStore } from '../../src/fleet/guarded-store.ts'
import { SYNC } from '../../src/fleet/scripts.ts'
import type { Store } from '../../src/fleet/store.ts'
import type { StoreChange } from '../../src/fleet-port/fleet-port.ts'
import { VirtualClock } from '../../src/testing/index.ts'

type Get = () => Promise<unknown>

/** A store that answers as it is told. */
function guarded(get: Get, more: Partial<Store> = {}) {
  const clock = new VirtualClock()
  const changes: StoreChange[] = []
  const asked: string[] = []
  const counted =
    (name: string, act: Get): Get =>
    () => {
      asked.push(name)
      return act()
    }
  const store: Store = {
    get: counted('get', get),
    set: counted('set', get),
    evalsha: counted(
      'evalsha',
      more.evalsha === undefined ? get : () => more.evalsha?.(SYNC, [], []) as Promise<unknown>,
    ),
    eval: counted('eval', get),
    subscribe: () => ({ end: async () => {} }),
  }
  const guard = new GuardedStore(store, clock, (change) => changes.push(change))
  return { clock, changes, asked, guard }
}

const never: Get = () => new Promise(() => {})

describe('a command to the store', () => {
  it('is given up after 50 ms, and the call continues without it', async () => {
    const { clock, guard } = guarded(never)
    const asking = guard.get('k')
    await clock.advance(49)
    expect(await Promise.race([asking, Promise.resolve('pending')])).toBe('pending')
    await clock.advance(1)
    expect(await asking).toBeUndefined()
    clock.assertNothingPending()
  })

  it('gets its answer where the process was stopped for longer than that', async () => {
    let answer: ((value: string) => void) | undefined
    const { clock, guard, changes } = guarded(() => new Promise((resolve) => (answer = resolve)))
    const asking = guard.get('k')
    await clock.advance(1)
    clock.jump(20_000)
    await clock.settle()
    answer?.('v')
    await clock.settle()
    expect(await asking).toEqual({ value: 'v' })
    expect(changes).toEqual([])
  })

  it('is not sent for 5 s after three in a row without an answer, and then by one alone; both are told once', async () => {
    let isBroken = true
    const { clock, guard, changes, asked } = guarded(async () => {
      if (isBroken) throw new Error("OOM command not allowed when used memory > 'maxmemory'.")
      return 'v'
    })
    for (let n = 0; n < 10; n++) expect(await guard.get('k')).toBeUndefined()
    expect(asked).toHaveLength(3)
    expect(changes).toEqual([{ state: 'lost', problem: 'OOM' }])
    await clock.advance(5000)
    await Promise.all([guard.get('k'), guard.get('k')])
    expect(asked).toHaveLength(4)
    // One probe may be bad luck.
    for (let n = 0; n < 3; n++) await guard.get('k')
    expect(asked).toHaveLength(5)
    isBroken = false
    await clock.advance(4999)
    expect(await guard.get('k')).toBeUndefined()
    await clock.advance(1)
    expect(await guard.get('k')).toEqual({ value: 'v' })
    expect(await guard.get('k')).toEqual({ value: 'v' })
    expect(changes).toEqual([{ state: 'lost', problem: 'OOM' }, { state: 'back' }])
  })

  it('that is not answered beside others counts as one with them', async () => {
    const { clock, guard, changes } = guarded(never)
    const asking = Promise.all([guard.get('k'), guard.get('k'), guard.get('k'), guard.get('k')])
    await clock.advance(50)
    await asking
    expect(changes).toEqual([])
    clock.assertNothingPending()
  })

  it('two without an answer are no reason, if the next one is answered', async () => {
    const answers = [false, false, true, false, false, true]
    const { guard, changes } = guarded(async () => {
      if (!answers.shift()) throw new Error('no')
      return 'v'
    })
    for (let n = 0; n < 6; n++) await guard.get('k')
    expect(changes).toEqual([])
  })

  it('is sent as a whole script where the server does not know its digest', async () => {
    const { guard, asked, changes } = guarded(async () => 'reply', {
      evalsha: async () => {
        throw new Error('NOSCRIPT No matching script. Please use EVAL.')
      },
    })
    expect(await guard.run(SYNC, [], [])).toEqual({ value: 'reply' })
    expect(asked).toEqual(['evalsha', 'eval'])
    expect(changes).toEqual([])
  })

  it('shows nothing of an error but its first word, or its code', async () => {
    const problems = async (error: unknown): Promise<StoreChange | undefined> => {
      const { guard, changes } = guarded(async () => {
        throw error
      })
      for (let n = 0; n < 3; n++) await guard.get('k')
      return changes[0]
    }
    const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:6379'), { code: 'ECONNREFUSED' })
    expect(await problems(refused)).toEqual({ state: 'lost', problem: 'ECONNREFUSED' })
    expect(await problems(new Error("WRONGPASS invalid username-password pair 'secret'"))).toEqual({
      state: 'lost',
      problem: 'WRONGPASS',
    })
    expect(await problems(new Error('auth with password=secret failed'))).toEqual({ state: 'lost', problem: 'error' })
    expect(await problems('secret')).toEqual({ state: 'lost', problem: 'error' })
  })
})
