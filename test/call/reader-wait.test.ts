import { expect, it } from 'vitest'
import { ReaderWait } from '../../src/call/reader-wait.ts'
import { VirtualClock } from '../../src/testing/index.ts'

function waiting(until: number) {
  const clock = new VirtualClock({ startMs: 1000 })
  const wait = new ReaderWait(clock)
  let over = 0
  wait.start(until, () => over++)
  return { clock, wait, over: () => over }
}

it('is over at its instant, and not before', async () => {
  const w = waiting(1500)
  await w.clock.advance(499)
  expect([w.over(), w.wait.isOver]).toEqual([0, false])
  await w.clock.advance(1)
  expect([w.over(), w.wait.isOver]).toEqual([1, true])
  w.clock.assertNothingPending()
})

it('is over at once where the instant has passed', async () => {
  const w = waiting(10)
  await w.clock.advance(0)
  expect([w.over(), w.wait.isOver]).toEqual([1, true])
})

it('has no timer without a limit', () => {
  const w = waiting(Infinity)
  w.clock.assertNothingPending()
  expect(w.wait.isOver).toBe(false)
})

it('that is stopped is never over, and leaves no timer', async () => {
  const w = waiting(1500)
  w.wait.stop()
  w.clock.assertNothingPending()
  await w.clock.advance(10_000)
  expect([w.over(), w.wait.isOver]).toEqual([0, false])
  w.wait.stop()
})
