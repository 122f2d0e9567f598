import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newEntry } from '../../src/cache/entry.ts'
import { IdleSweep } from '../../src/cache/idle-sweep.ts'
import { Order } from '../../src/cache/order.ts'
import { Retired } from '../../src/cache/retired.ts'
import { VirtualClock } from '../../src/testing/index.ts'

const entry = (key: string, generation = 1) => newEntry({ key, generation, client: {}, idleSince: 0 })

/** Takes all items out, from the first on. */
function drained<T>(order: Order<T>): T[] {
  const items: T[] = []
  while (order.size > 0) {
    items.push(order.first as T)
    order.delete(order.first as T)
  }
  return items
}

describe('an order', () => {
  it('is that of a list, whatever is put and taken', () => {
    const step = fc.record({ item: fc.nat(5), isTaken: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const order = new Order<number>()
        let list: number[] = []
        for (const { item, isTaken } of steps) {
          list = list.filter((each) => each !== item)
          if (isTaken) order.delete(item)
          else {
            order.toEnd(item)
            list.push(item)
          }
          expect([order.size, order.first]).toEqual([list.length, list[0]])
        }
        expect(drained(order)).toEqual(list)
        expect(order.first).toBeUndefined()
      }),
    )
  })

  it('holds `undefined` as it holds anything else', () => {
    const order = new Order<undefined>()
    order.toEnd(undefined)
    expect(order.size).toBe(1)
  })
})

describe('retired clients', () => {
  it('are known by their keys, each counted once, until the last of a key has gone', () => {
    const retired = new Retired<object>()
    const [first, second, other] = [entry('a'), entry('a', 2), entry('b')] as const
    for (const each of [first, first, second, other]) retired.add(each)
    expect(retired.size).toBe(3)
    expect(retired.delete(first)).toBe(true)
    expect(retired.delete(first)).toBe(false)
    expect([retired.hasKey('a'), retired.hasKey('b')]).toEqual([true, true])
    retired.add(first)
    retired.delete(second)
    expect(retired.hasKey('a')).toBe(true)
    retired.delete(first)
    expect([retired.hasKey('a'), retired.hasKey('b')]).toEqual([false, true])
  })
})

describe('the sweep of idle clients', () => {
  it('skips clients that are in use again, and continues with the others', async () => {
    const clock = new VirtualClock()
    const due: string[] = []
    const sweep = new IdleSweep<object>(clock, 100, ({ key }) => due.push(`${key} ${clock.now()}`))
    const [used, idle, later] = [entry('used'), entry('idle'), entry('later')] as const
    sweep.isIdle(used)
    await clock.advance(10)
    sweep.isIdle(idle)
    sweep.isNotIdle(used)
    await clock.advance(50)
    sweep.isIdle(later)
    await clock.runToIdle()
    expect(due).toEqual(['idle 110', 'later 160'])
    clock.assertNothingPending()
  })
})
