import { expect, it } from 'vitest'
import { ReaderWait } from '../../src/call/reader-wait.ts'
import { failure } from '../../src/errors/failure.ts'
import { VirtualClock } from '../../src/testing/index.ts'

function waiting(until: number) {
  const clock = new VirtualClock({ startMs: 1000 })
  const wait = new ReaderWait(clock)
  let over = 0
  wait.start(until, () => over++)
  const isTooLate = () => wait.tooLate(failure('connection_reset')) !== undefined
  return { clock, wait, over: () => over, isTooLate }
}

it('ends at its instant, and not before; then a reader is too late', async () => {
  const w = waiting(1500)
  await w.clock.advance(499)
  expect([w.over(), w.isTooLate()]).toEqual([0, false])
  await w.clock.advance(1)
  expect([w.over(), w.isTooLate()]).toEqual([1, true])
  w.clock.assertNothingPending()
})

it('ends at once if the instant has passed', async () => {
  const w = waiting(10)
  await w.clock.advance(0)
  expect([w.over(), w.isTooLate()]).toEqual([1, true])
})

it('has no timer without a limit', () => {
  const w = waiting(Infinity)
  w.clock.assertNothingPending()
  expect(w.isTooLate()).toBe(false)
})

it('does not end once it is stopped, and leaves no timer', async () => {
  const w = waiting(1500)
  w.wait.stop()
  w.clock.assertNothingPending()
  await w.clock.advance(10_000)
  expect([w.over(), w.isTooLate()]).toEqual([0, false])
  w.wait.stop()
})

it('gives a late reader the failure of its attempt, which says what it waited for', async () => {
  const w = waiting(1500)
  await w.clock.advance(500)
  const failed = failure('connection_reset', 'It broke.', { responseId: 'resp_1' })
  expect(w.wait.tooLate(failed)).toEqual({
    ...failed,
    message: 'It broke. The stream was not read for timeouts.staleMs, so it was not resumed.',
  })
})

it('does not keep the process alive', () => {
  const given: unknown[] = []
  const clock = new VirtualClock()
  const setTimer = clock.setTimer.bind(clock)
  clock.setTimer = (callback, delayMs, options) => {
    given.push(options)
    return setTimer(callback, delayMs, options)
  }
  const wait = new ReaderWait(clock)
  wait.start(5, () => {})
  expect(given).toEqual([{ unref: true }])
  wait.stop()
})
