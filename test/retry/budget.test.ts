import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEFAULT_BUDGET, RetryBudget, RetryBudgets } from '../../src/retry/budget.ts'
import { VirtualClock } from '../../src/testing/index.ts'

const drain = (budget: RetryBudget): number => {
  let taken = 0
  while (budget.withdraw()) taken++
  return taken
}

describe('the retry budget', () => {
  it('starts full, gives one retry for each unit, and then refuses', () => {
    const budget = new RetryBudget(DEFAULT_BUDGET, new VirtualClock())
    expect(budget.balance).toBe(20)
    expect(drain(budget)).toBe(20)
    expect(budget.withdraw()).toBe(false)
    expect(budget.balance).toBe(0)
  })

  it('gains half a retry with each success, and two a minute with time, up to its capacity', () => {
    const clock = new VirtualClock()
    const budget = new RetryBudget(DEFAULT_BUDGET, clock)
    drain(budget)
    budget.deposit()
    expect(budget.withdraw()).toBe(false)
    budget.deposit()
    expect(budget.withdraw()).toBe(true)
    clock.jump(29_999)
    expect(budget.withdraw()).toBe(false)
    clock.jump(1)
    expect(budget.withdraw()).toBe(true)
    clock.jump(3_600_000)
    expect(budget.balance).toBe(20)
    for (let i = 0; i < 100; i++) budget.deposit()
    expect(budget.balance).toBe(20)
  })

  it('gains from the moment it was made, and from its last use, however long the clock has run', () => {
    const clock = new VirtualClock()
    clock.jump(600_000)
    const budget = new RetryBudget(DEFAULT_BUDGET, clock)
    drain(budget)
    for (let times = 0; times < 2; times++) {
      clock.jump(30_000)
      expect(drain(budget)).toBe(1)
    }
  })

  it('does not depend on the wall clock', () => {
    const clock = new VirtualClock()
    const budget = new RetryBudget(DEFAULT_BUDGET, clock)
    drain(budget)
    clock.jumpWall(86_400_000)
    expect(budget.balance).toBe(0)
  })

  it('stays between 0 and its capacity, and never pays more than came in', () => {
    const options = fc.record({
      capacity: fc.integer({ min: 1, max: 50 }),
      depositPerSuccess: fc.double({ min: 0, max: 3, noNaN: true }),
      refillPerMinute: fc.double({ min: 0, max: 100, noNaN: true }),
    })
    const step = fc.oneof(fc.constant('withdraw' as const), fc.constant('deposit' as const), fc.nat(120_000))
    fc.assert(
      fc.property(options, fc.array(step, { maxLength: 200, size: 'max' }), (given, script) => {
        const clock = new VirtualClock()
        const budget = new RetryBudget(given, clock)
        let came = given.capacity
        let paid = 0
        for (const action of script) {
          if (action === 'deposit') {
            budget.deposit()
            came += given.depositPerSuccess
          } else if (action === 'withdraw') {
            const before = budget.balance
            const granted = budget.withdraw()
            expect(granted).toBe(before >= 1)
            if (granted) paid++
          } else {
            clock.jump(action)
            came += (action / 60_000) * given.refillPerMinute
          }
          expect(budget.balance).toBeGreaterThanOrEqual(0)
          expect(budget.balance).toBeLessThanOrEqual(given.capacity)
          expect(paid).toBeLessThanOrEqual(came + 1e-6)
        }
      }),
    )
  })
})

describe('the budgets of a client', () => {
  it('are one for each origin, shared by all its calls', () => {
    const budgets = new RetryBudgets({ ...DEFAULT_BUDGET, capacity: 2 }, new VirtualClock())
    drain(budgets.of('https://a.test')!)
    expect(budgets.of('https://a.test')?.withdraw()).toBe(false)
    expect(budgets.of('https://b.test')?.withdraw()).toBe(true)
    expect(budgets.balances()).toEqual({ 'https://a.test': 0, 'https://b.test': 1 })
  })

  it('do not exist if the option is false', () => {
    const budgets = new RetryBudgets(false, new VirtualClock())
    expect(budgets.of('https://a.test')).toBeUndefined()
    expect(budgets.balances()).toEqual({})
  })

  it('stay bounded: the least recently used one is dropped first', () => {
    const budgets = new RetryBudgets({ ...DEFAULT_BUDGET, capacity: 1 }, new VirtualClock())
    budgets.of('https://kept.test')?.withdraw()
    budgets.of('https://forgotten.test')?.withdraw()
    for (let i = 0; i < 255; i++) {
      budgets.of(`https://${i}.test`)
      budgets.of('https://kept.test')
    }
    expect(Object.keys(budgets.balances())).toHaveLength(256)
    expect(budgets.of('https://kept.test')?.withdraw()).toBe(false)
    expect(budgets.of('https://forgotten.test')?.withdraw()).toBe(true)
  })
})
