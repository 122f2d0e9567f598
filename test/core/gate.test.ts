import { describe, expect, it } from 'vitest'
import { Gate } from '../../src/core/gate.ts'

describe('a gate', () => {
  it('lets in as many as its limit, and then one for each that leaves, in order of arrival', () => {
    const gate = new Gate(2)
    const inside: number[] = []
    for (let n = 0; n < 5; n++) gate.enter(() => inside.push(n))
    expect(inside).toEqual([0, 1])
    expect([gate.inside, gate.waiting, gate.isFull]).toEqual([2, 3, true])
    gate.leave()
    gate.leave()
    expect(inside).toEqual([0, 1, 2, 3])
  })

  it('whose limit shrinks lets no one in until so many have left', () => {
    let limit = 3
    const gate = new Gate(() => limit)
    const inside: number[] = []
    for (let n = 0; n < 5; n++) gate.enter(() => inside.push(n))
    limit = 1
    gate.leave()
    gate.leave()
    expect(inside).toEqual([0, 1, 2])
    gate.leave()
    expect(inside).toEqual([0, 1, 2, 3])
  })

  it('whose limit grows lets in those that wait, when it is told', () => {
    let limit = 0
    const gate = new Gate(() => limit)
    const inside: number[] = []
    for (let n = 0; n < 3; n++) gate.enter(() => inside.push(n))
    limit = 2
    gate.fill()
    expect(inside).toEqual([0, 1])
    expect(gate.waiting).toBe(1)
  })

  it('a waiter that gives up is not let in, and one that was let in is told so', () => {
    const gate = new Gate(1)
    const inside: string[] = []
    const first = gate.enter(() => inside.push('first'))
    const second = gate.enter(() => inside.push('second'))
    gate.enter(() => inside.push('third'))
    expect(first()).toBe(false)
    expect(second()).toBe(true)
    gate.leave()
    expect(inside).toEqual(['first', 'third'])
  })

  it('one that entered above the limit leaves without letting another in', () => {
    const gate = new Gate(1)
    const inside: string[] = []
    gate.enter(() => inside.push('first'))
    gate.enterAnyway()
    gate.enter(() => inside.push('second'))
    gate.leave()
    expect(inside).toEqual(['first'])
    gate.leave()
    expect(inside).toEqual(['first', 'second'])
  })
})
