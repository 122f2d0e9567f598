import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Beginning, committingAtOnce, isLastAttempt } from '../../src/call/last-attempt.ts'
import type { ReaderSettings } from '../../src/call/response-reader.ts'
import { standIn } from '../support/typed.ts'

interface Given {
  readonly maxRetries: number
  readonly retries: number
  readonly attemptsBefore: number
  readonly isRace: boolean
  readonly restartable: boolean
  readonly needsEvents: boolean
  readonly continuation: boolean
  readonly isRebuilt: boolean
  readonly hasHook: boolean
  readonly isRepeatable: boolean
  readonly commitAfterMs: number
}

/** Through the drop-in, with no retry left. */
const LAST: Given = {
  maxRetries: 2,
  retries: 2,
  attemptsBefore: 2,
  isRace: false,
  restartable: false,
  needsEvents: false,
  continuation: false,
  isRebuilt: false,
  hasHook: false,
  isRepeatable: true,
  commitAfterMs: 480_000,
}

function beginning(given: Given): Beginning {
  return standIn<Beginning>({
    context: {
      policy: { maxRetries: given.maxRetries },
      reading: { needsEvents: given.needsEvents },
      restartable: given.restartable,
      commitAfterMs: given.commitAfterMs,
      onPreviousResponseNotFound: given.hasHook ? () => undefined : undefined,
    },
    effective: {
      traits: { continuation: given.continuation },
      isRebuilt: given.isRebuilt,
      isRepeatableWhenRefused: given.isRepeatable,
    },
    retries: given.retries,
    attemptsBefore: given.attemptsBefore,
    isRace: given.isRace,
  })
}

const isLast = (given: Partial<Given>): boolean => isLastAttempt(beginning({ ...LAST, ...given }))

const GIVEN: fc.Arbitrary<Given> = fc.record({
  maxRetries: fc.nat(5),
  retries: fc.nat(5),
  attemptsBefore: fc.nat(5),
  isRace: fc.boolean(),
  restartable: fc.boolean(),
  needsEvents: fc.boolean(),
  continuation: fc.boolean(),
  isRebuilt: fc.boolean(),
  hasHook: fc.boolean(),
  isRepeatable: fc.boolean(),
  commitAfterMs: fc.constantFrom(0, 480_000),
})

describe('the last attempt of a call through the drop-in', () => {
  it.each<[what: string, given: Partial<Given>, expected: boolean]>([
    ['the retries are used up', {}, true],
    ['there are none', { maxRetries: 0, retries: 0, attemptsBefore: 0 }, true],
    ['one is left', { retries: 1 }, false],
    ['one is left, but the body can be read once', { retries: 0, isRepeatable: false }, true],
    // Connects that are refused take none of the retries.
    ['attempts were made that took no retry', { retries: 0, attemptsBefore: 4 }, false],
    ['other attempts may run beside it', { isRace: true }, false],
    ['the face can take output back', { restartable: true }, false],
    ['the face reads events', { needsEvents: true }, false],
    ['a continuation that the hook can rebuild', { continuation: true, hasHook: true, attemptsBefore: 0 }, false],
    ['a continuation that is asked a second time behind a lost attempt', { continuation: true }, false],
    ['a continuation that nothing can save', { continuation: true, attemptsBefore: 0 }, true],
    ['a continuation that was rebuilt', { continuation: true, hasHook: true, isRebuilt: true }, true],
    ['a hook, and no continuation', { hasHook: true }, true],
    ['the host waits as long as it takes', { commitAfterMs: 0 }, false],
  ])('%s: %s', (_, given, expected) => {
    expect(isLast(given)).toBe(expected)
  })

  it('is not one after which the call can still be retried or saved', () => {
    fc.assert(
      fc.property(GIVEN, (given) => {
        if (!isLast(given)) return
        expect(given).toMatchObject({ isRace: false, restartable: false, needsEvents: false })
        expect(given.isRepeatable && given.retries < given.maxRetries).toBe(false)
        expect(given.continuation && !given.isRebuilt && (given.hasHook || given.attemptsBefore > 0)).toBe(false)
      }),
    )
  })

  it('is every other one', () => {
    fc.assert(
      fc.property(GIVEN, (given) => {
        const plain = {
          ...given,
          isRace: false,
          restartable: false,
          needsEvents: false,
          continuation: false,
          commitAfterMs: 1,
        }
        expect(isLast({ ...plain, retries: given.maxRetries })).toBe(true)
        expect(isLast({ ...plain, isRepeatable: false })).toBe(true)
      }),
    )
  })

  it('stays the last one with fewer retries left', () => {
    fc.assert(
      fc.property(GIVEN, fc.nat(5), (given, more) => {
        if (isLast(given)) expect(isLast({ ...given, retries: given.retries + more })).toBe(true)
      }),
    )
  })
})

describe('settings that commit at once', () => {
  const SETTINGS: ReaderSettings = {
    needsEvents: false,
    wholeFrames: true,
    commitAt: 'progress',
    maxEventBytes: 10,
    maxPreludeBytes: 5,
  }

  it('differ only in the commit, do not change the given ones, and are one object for all calls', () => {
    const given = Object.freeze({ ...SETTINGS })
    const eager = committingAtOnce(given)
    expect(eager).toEqual({ ...SETTINGS, commitAt: 'first_event' })
    expect(committingAtOnce(given)).toBe(eager)
    expect(committingAtOnce({ ...SETTINGS })).not.toBe(eager)
  })
})
