import { describe, expect, it } from 'vitest'
import { LiveSet, type Member } from '../../src/core/live-set.ts'

describe('a live set', () => {
  it('holds each added member once until it is deleted, in any order', () => {
    const set = new LiveSet<Member & { readonly name: string }>()
    const [a, b, c, stranger] = ['a', 'b', 'c', 'stranger'].map((name) => ({ name, place: -1 })) as [
      Member & { name: string },
      Member & { name: string },
      Member & { name: string },
      Member & { name: string },
    ]
    const names = (): string => [...set].map(({ name }) => name).join('')
    for (const member of [a, b, a, c]) set.add(member)
    expect(names()).toBe('abc')
    set.delete(a)
    set.delete(a)
    set.delete(stranger)
    expect([names(), set.size]).toEqual(['cb', 2])
    set.delete(b)
    set.add(a)
    expect(names()).toBe('ca')
    for (const member of set) set.delete(member)
    expect([names(), set.size]).toEqual(['', 0])
  })
})
