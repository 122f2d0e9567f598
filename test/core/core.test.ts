import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { AbortScope } from '../../src/core/abort.ts'
import { parseHttpDate, systemClock } from '../../src/core/clock.ts'
import { readEnv } from '../../src/core/env.ts'
import { sleep, withDeadline } from '../../src/core/race.ts'
import { seededRandom, systemRandom } from '../../src/core/random.ts'
import { nextTurn } from '../../src/core/turn.ts'
import { VirtualClock } from '../../src/testing/index.ts'

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

describe('an abort scope', () => {
  it('calls every watcher once, with the caller’s own reason', () => {
    const controller = new AbortController()
    const scope = new AbortScope(controller.signal)
    const seen: unknown[] = []
    scope.watch((reason) => seen.push(reason))
    const unwatch = scope.watch(() => seen.push('gone'))
    unwatch()
    expect(scope.aborted).toBe(false)
    scope.throwIfAborted()
    const reason = { any: 'thing' }
    controller.abort(reason)
    scope.abort('later')
    expect(seen).toEqual([reason])
    expect(scope.reason).toBe(reason)
    expect(() => scope.throwIfAborted()).toThrow(expect.toSatisfy((thrown) => thrown === reason))
  })

  it('accepts a signal that is already aborted, even without a reason', () => {
    for (const reason of [new Error('x'), null, 0, 'why']) {
      const scope = new AbortScope(AbortSignal.abort(reason))
      expect(scope.aborted).toBe(true)
      expect(scope.reason).toBe(reason)
    }
  })

  it('has one listener on the signal for any number of watchers, and none after dispose or abort', () => {
    const controller = new AbortController()
    const scope = new AbortScope(controller.signal)
    for (let i = 0; i < 10; i++) scope.watch(() => {})
    expect(listeners(controller.signal)).toBe(1)
    scope.dispose()
    scope.dispose()
    expect(listeners(controller.signal)).toBe(0)
    let told = 0
    scope.watch(() => told++)
    controller.abort()
    scope.abort('late')
    expect([told, scope.aborted]).toEqual([0, false])
    const other = new AbortController()
    new AbortScope(other.signal)
    other.abort()
    expect(listeners(other.signal)).toBe(0)
  })

  it('calls all watchers of the moment of the abort, even if some stop watching meanwhile', () => {
    const scope = new AbortScope(undefined)
    const seen: number[] = []
    const unwatch: Array<() => void> = []
    for (const n of [1, 2, 3]) {
      unwatch.push(
        scope.watch(() => {
          seen.push(n)
          for (const stop of unwatch) stop()
        }),
      )
    }
    scope.abort('x')
    expect(seen).toEqual([1, 2, 3])
  })

  it('keeps its other watchers, and the listener, when the first one stops watching', () => {
    const own = new AbortController()
    const scope = new AbortScope(own.signal)
    const seen: string[] = []
    const unwatch = ['a', 'b', 'c'].map((name) => scope.watch(() => seen.push(name)))
    unwatch[0]?.()
    scope.watch(() => seen.push('d'))
    expect(listeners(own.signal)).toBe(1)
    own.abort()
    expect(seen).toEqual(['b', 'c', 'd'])
    for (const stop of unwatch) stop()
    expect(listeners(own.signal)).toBe(0)
  })
})

describe('the race with a timer', () => {
  const late = () => new Error('late')

  it.each<[what: string, act: (r: ReturnType<typeof race>) => unknown, expected: unknown]>([
    ['resolves with a value that comes in time', ({ deferred }) => deferred.resolve('value'), { value: 'value' }],
    ['rejects with a failure that comes in time', ({ deferred }) => deferred.reject('failure'), { error: 'failure' }],
    ['rejects with the timeout if nothing comes', ({ clock }) => clock.advance(1000), { error: late() }],
    ['rejects with the caller’s reason on an abort', ({ scope }) => scope.abort('reason'), { error: 'reason' }],
  ])('gives %s, and leaves nothing behind', async (_, act, expected) => {
    const given = race()
    await act(given)
    await given.clock.settle()
    expect(given.outcome()).toEqual(expected)
    given.clock.assertNothingPending()
    // What comes afterwards changes nothing, and is no unhandled failure.
    given.scope.abort('too late')
    given.deferred.reject('too late')
    await nextTurn()
    expect(given.outcome()).toEqual(expected)
  })

  it('times out at exactly its millisecond', async () => {
    const { clock, outcome } = race()
    await clock.advance(999)
    expect(outcome()).toBeUndefined()
    await clock.advance(1)
    expect(outcome()).toEqual({ error: late() })
  })

  it('rejects at once, without a timer, after an earlier abort; a later failure is not unhandled', async () => {
    const given = race(AbortSignal.abort('before'))
    expect(given.clock.counts().armed).toBe(0)
    // An unhandled rejection would fail the run.
    given.deferred.reject(new Error('nobody waits'))
    await nextTurn()
    expect(given.outcome()).toEqual({ error: 'before' })
  })

  function race(signal?: AbortSignal) {
    const clock = new VirtualClock()
    const scope = new AbortScope(signal)
    const deferred = Promise.withResolvers<unknown>()
    let outcome: unknown
    withDeadline(deferred.promise, { clock, ms: 1000, scope, onTimeout: late }).then(
      (value) => (outcome = { value }),
      (error) => (outcome = { error }),
    )
    return { clock, scope, deferred, outcome: () => outcome }
  }
})

describe('a sleep', () => {
  it('sleeps the given time, rejects at once with the caller’s reason, and leaves no timer', async () => {
    const clock = new VirtualClock()
    const scope = new AbortScope(undefined)
    let woke = 0
    sleep(500, { clock, scope }).then(() => woke++)
    await clock.advance(499)
    expect(woke).toBe(0)
    await clock.advance(1)
    expect(woke).toBe(1)

    const sleeping = sleep(20_000, { clock, scope })
    expect(clock.pending()).toMatchObject([{ unref: false }])
    scope.abort('enough')
    await expect(sleeping).rejects.toBe('enough')
    clock.assertNothingPending()
    await expect(sleep(1, { clock, scope })).rejects.toBe('enough')
    clock.assertNothingPending()
  })
})

describe('the system clock', () => {
  it('treats a negative delay as 0, because Node would warn on the caller’s console', () => {
    const setTimer = vi.spyOn(globalThis, 'setTimeout')
    for (const delayMs of [-1, -301.5]) systemClock.clearTimer(systemClock.setTimer(() => {}, delayMs))
    expect(setTimer.mock.calls.map(([, delayMs]) => delayMs)).toEqual([0, 0])
    setTimer.mockRestore()
  })

  it('looks the global timers up on each call, so that fake ones work', () => {
    vi.useFakeTimers()
    vi.setSystemTime(1_000_000)
    const fired: string[] = []
    const handle = systemClock.setTimer(() => fired.push('cleared'), 10)
    systemClock.setTimer(() => fired.push('kept'), 10)
    systemClock.setTimer(() => fired.push('unref'), 20, { unref: true })
    systemClock.setTimer(() => fired.push('far'), 2 ** 40)
    systemClock.afterIO(() => fired.push('io'))
    systemClock.clearTimer(handle)
    const before = systemClock.now()
    vi.advanceTimersByTime(20)
    expect(systemClock.now() - before).toBe(20)
    expect(systemClock.wallNow()).toBe(1_000_020)
    expect(fired.sort()).toEqual(['io', 'kept', 'unref'])
  })

  it('does not keep the process alive with unref', () => {
    const timer = systemClock.setTimer(() => {}, 60_000, { unref: true }) as NodeJS.Timeout
    expect(timer.hasRef()).toBe(false)
    systemClock.clearTimer(timer)
  })
})

describe('an HTTP date', () => {
  it.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', 784_111_777_000],
    ['sun, 06 nov 1994 08:49:37 gmt', 784_111_777_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 784_111_777_000],
    ['Sun Nov  6 08:49:37 1994', 784_111_777_000],
    ['Sun Nov 16 08:49:37 1994', 784_975_777_000],
    ['  Sun, 06 Nov 1994 08:49:37 GMT ', 784_111_777_000],
    ['Sun, 06 Nov 1994 08:49:37', undefined],
    ['Sun, 06 Nov 1994 08:49:37 +0200', undefined],
    ['Sun, 06 Foo 1994 08:49:37 GMT', undefined],
    ['Sun, 06 Nov 1994', undefined],
    ['Mon, 1', undefined],
    ['1994-11-06', undefined],
    ['-1', undefined],
    ['3600', undefined],
    ['', undefined],
  ])('%j is %s', (text, expected) => {
    expect(parseHttpDate(text)).toBe(expected)
  })

  it('means UTC in every form, in any time zone of the process', () => {
    vi.stubEnv('TZ', 'America/New_York')
    expect(parseHttpDate('Sun Nov  6 08:49:37 1994')).toBe(784_111_777_000)
  })
})

describe('chance', () => {
  it('gives numbers from 0 to below 1, the same ones for the same seed', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const [one, two] = [seededRandom(seed), seededRandom(seed)]
        for (let i = 0; i < 20; i++) {
          const value = one()
          expect(value).toBe(two())
          expect(value >= 0 && value < 1).toBe(true)
        }
      }),
    )
    expect(seededRandom(1)()).not.toBe(seededRandom(2)())
    const value = systemRandom()
    expect(value >= 0 && value < 1).toBe(true)
  })
})

describe('the environment', () => {
  it('is read on each call; empty and blank values count as unset', () => {
    expect(readEnv('RESILIENT_TEST')).toBeUndefined()
    vi.stubEnv('RESILIENT_TEST', ' 7 ')
    expect(readEnv('RESILIENT_TEST')).toBe('7')
    for (const empty of ['', '  ']) {
      vi.stubEnv('RESILIENT_TEST', empty)
      expect(readEnv('RESILIENT_TEST')).toBeUndefined()
    }
  })
})
