import { expect, it } from 'vitest'
import { Generations } from '../../src/cache/generations.ts'

const NOBODY = (): boolean => false

it('counts each key from 1', () => {
  const generations = new Generations()
  expect(['a', 'a', 'b', 'a'].map((key) => generations.next(key, NOBODY))).toEqual([1, 2, 1, 3])
})

it('drops the key that was built longest ago, so that endless keys cannot fill the memory', () => {
  const generations = new Generations(2)
  for (const key of ['a', 'b', 'a', 'c']) generations.next(key, NOBODY)
  expect(generations.next('a', NOBODY)).toBe(3)
  expect(generations.next('b', NOBODY)).toBe(1)
})

it('drops one key after another', () => {
  const generations = new Generations(2)
  for (const key of ['a', 'b', 'c', 'd', 'e']) generations.next(key, NOBODY)
  expect(['b', 'c', 'a'].map((key) => generations.next(key, NOBODY))).toEqual([1, 1, 1])
})

it('keeps the key that it has just counted, even if all others are dropped', () => {
  const generations = new Generations(1)
  const isAlive = (key: string): boolean => key === 'a'
  expect(['a', 'b', 'b'].map((key) => generations.next(key, isAlive))).toEqual([1, 1, 2])
})

it('never drops a key with a client, because its numbers must rise', () => {
  const generations = new Generations(2)
  const isAlive = (key: string): boolean => key === 'a'
  for (const key of ['a', 'b', 'c', 'd', 'e']) generations.next(key, isAlive)
  expect(generations.next('a', isAlive)).toBe(2)
})

it('looks at four old keys per build, and moves the ones in use to the end of the queue', () => {
  const generations = new Generations(1)
  const asked: string[] = []
  const isAlive = (key: string): boolean => {
    asked.push(key)
    return key.startsWith('live')
  }
  for (const key of ['live 1', 'live 2', 'live 3', 'dead', 'live 4']) generations.next(key, () => true)
  generations.next('new', isAlive)
  expect(asked).toHaveLength(4)
  asked.length = 0
  generations.next('new', isAlive)
  expect(asked[0]).not.toBe('live 1')
  expect(generations.next('dead', () => true)).toBe(1)
  expect(generations.next('live 1', () => true)).toBe(2)
})
