import { expect, it } from 'vitest'
import { RecentMap } from '../../src/core/recent-map.ts'

it('drops the least recently used entry; peek does not count as use', () => {
  const map = new RecentMap<string, number>(3)
  for (const [n, key] of ['a', 'b', 'c'].entries()) map.set(key, n)
  expect(map.obtain('a', () => 9)).toBe(0)
  expect(map.peek('b')).toBe(1)
  map.set('d', 3)
  expect(map.obtain('e', () => 4)).toBe(4)
  expect([...map.entries()]).toEqual([
    ['a', 0],
    ['d', 3],
    ['e', 4],
  ])
})
