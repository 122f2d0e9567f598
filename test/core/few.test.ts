import { expect, it } from 'vitest'
import { type Few, including, listOf, without } from '../../src/core/few.ts'

const [a, b, c] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }]

it('none, one and several are lists when they are asked for, in the order in which they came', () => {
  let few: Few<{ name: string }>
  expect(listOf(few)).toEqual([])
  few = including(few, a)
  expect([few, listOf(few)]).toEqual([a, [a]])
  const two = including(few, b)
  expect(listOf(including(two, c))).toEqual([a, b, c])
  // What a loop goes through does not change under it.
  expect(two).toEqual([a, b])
})

it('what is taken out leaves the others, and one alone is no list', () => {
  const three = including(including(including(undefined, a), b), c)
  expect(without(three, b)).toEqual([a, c])
  expect(without(without(three, b), a)).toBe(c)
  expect(without(c, c)).toBe(undefined)
  expect(without(c, a)).toBe(c)
  expect(without(undefined, a)).toBe(undefined)
})
