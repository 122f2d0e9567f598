import { expect, it } from 'vitest'
import type { Chunk } from '../../src/call/chunk.ts'
import { Output } from '../../src/call/output.ts'

const chunk = (bytes: number): Chunk => ({ bytes: new Uint8Array(bytes), events: [] })

/** An output and how often its consumer was woken. */
function waiting(output: Output) {
  const woken = { times: 0 }
  output.whenReady({ onReady: () => void woken.times++ })
  return woken
}

it('hands over all items in order, and then nothing', () => {
  const output = new Output()
  const [first, second] = [chunk(3), chunk(4)]
  expect(output.take()).toEqual({ kind: 'nothing' })
  output.put(first)
  output.put(second)
  expect([output.bytes, output.items]).toEqual([7, [first, second]])
  expect(output.take()).toEqual({ kind: 'item', item: first })
  expect(output.bytes).toBe(4)
  expect(output.take()).toEqual({ kind: 'item', item: second })
  expect(output.bytes).toBe(0)
  expect(output.take()).toEqual({ kind: 'nothing' })
  expect([output.ended, output.over]).toEqual([false, false])
})

it.each([
  ['an end', (output: Output) => output.end(), { kind: 'end' }, true],
  ['a failure', (output: Output) => output.fail('why'), { kind: 'failed', error: 'why' }, false],
])('reports %s after everything that was received', (_, finish, expected, over) => {
  const output = new Output()
  output.put(chunk(3))
  finish(output)
  expect([output.ended, output.over]).toEqual([true, false])
  expect(output.take().kind).toBe('item')
  expect(output.take()).toEqual(expected)
  expect(output.take()).toEqual(expected)
  expect([output.ended, output.over]).toEqual([true, over])
})

it('ends once: what comes later changes nothing', () => {
  const ended = new Output()
  ended.end()
  ended.fail('late')
  ended.put(chunk(3))
  expect([ended.bytes, ended.take()]).toEqual([0, { kind: 'end' }])
  const failed = new Output()
  failed.fail('why')
  failed.end()
  failed.fail('late')
  expect(failed.take()).toEqual({ kind: 'failed', error: 'why' })
})

it('drops what was not taken, even after an end', () => {
  const output = new Output()
  output.put(chunk(3))
  output.end()
  output.discard('gone')
  expect([output.bytes, output.items, output.ended, output.over]).toEqual([0, [], true, false])
  expect(output.take()).toEqual({ kind: 'failed', error: 'gone' })
})

it.each([
  [
    'a chunk',
    (output: Output) => {
      output.put(chunk(1))
      output.notify()
    },
  ],
  ['the end', (output: Output) => output.end()],
  ['a failure', (output: Output) => output.fail('why')],
  ['being discarded', (output: Output) => output.discard('gone')],
])('wakes its consumer once, by %s', (_, happens) => {
  const output = new Output()
  const woken = waiting(output)
  expect(woken.times).toBe(0)
  happens(output)
  expect(woken.times).toBe(1)
  happens(output)
  expect(woken.times).toBe(1)
  // There is something already: the next one is woken at once.
  expect(waiting(output).times).toBe(1)
})

it('does not wake a consumer for items that were already taken', () => {
  const output = new Output()
  output.put(chunk(1))
  output.take()
  expect(waiting(output).times).toBe(0)
})
