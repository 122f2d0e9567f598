import { expect, it } from 'vitest'
import { watchParent } from '../../src/cli/parent-watch.ts'
import { VirtualClock } from '../../src/testing/index.ts'

it('tells once that the process that started the command has ended', async () => {
  const clock = new VirtualClock()
  let parent = 7
  let told = 0
  watchParent(
    clock,
    () => parent,
    () => told++,
  )
  await clock.advance(10_000)
  expect(told).toBe(0)
  parent = 1
  await clock.advance(500)
  expect(told).toBe(1)
  await clock.advance(10_000)
  expect(told).toBe(1)
})

it('tells nothing after its end', async () => {
  const clock = new VirtualClock()
  let parent = 7
  const stop = watchParent(
    clock,
    () => parent,
    () => expect.unreachable(),
  )
  stop()
  parent = 1
  await clock.advance(10_000)
})
