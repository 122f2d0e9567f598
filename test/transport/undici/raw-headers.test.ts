import { expect, it } from 'vitest'
import { headerPairs } from '../../../src/transport/undici/raw-headers.ts'
import { invalid } from '../../support/typed.ts'

const bytes = (...values: number[]): Buffer => Buffer.from(values)

it.each([
  ['bytes', [Buffer.from('X-First'), Buffer.from('One'), Buffer.from('x-second'), bytes(0xe9)]],
  ['texts', ['X-First', 'One', 'x-second', 'é']],
])('header pairs are as the wire had them, names in lower case: %s', (_, raw) => {
  expect(headerPairs(raw as Buffer[], { ignored: 'x' })).toEqual([
    ['x-first', 'One'],
    ['x-second', 'é'],
  ])
})

it('a repeated name gives two pairs; a name without a value gives no pair', () => {
  expect(headerPairs(['a', '1', 'A', '2', 'b'], {})).toEqual([
    ['a', '1'],
    ['a', '2'],
  ])
  expect(headerPairs(invalid(['a', undefined]), {})).toEqual([['a', '']])
})

it('names decoded by our undici are used unless one is repeated', () => {
  const raw = [Buffer.from('X-First'), Buffer.from('One'), Buffer.from('x-second'), bytes(0xe9)]
  const parsed = { 'x-first': 'decoded', 'x-second': 'é' }
  expect(headerPairs(raw, parsed, true)).toEqual(Object.entries(parsed))
  expect(headerPairs(raw, parsed)[0]).toEqual(['x-first', 'One'])
  expect(headerPairs(['a', '1', 'b', '2', 'A', '3'], { a: ['1', '3'], b: '2' }, true)).toEqual([
    ['a', '1'],
    ['b', '2'],
    ['a', '3'],
  ])
})

it.each([[undefined], [{ 'x-other': 'shape' }]])(
  'on a dispatcher of the caller’s they come from the parsed ones: %j',
  (raw) => {
    const parsed = { 'Set-Cookie': ['a', 'b'], 'X-First': 'One', gone: undefined, none: [] }
    expect(headerPairs(raw as undefined, parsed)).toEqual([
      ['set-cookie', 'a'],
      ['set-cookie', 'b'],
      ['x-first', 'One'],
    ])
  },
)
