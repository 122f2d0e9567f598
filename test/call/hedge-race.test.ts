import { describe, expect, it } from 'vitest'
import type { Attempt } from '../../src/call/attempt.ts'
import { HedgeRace, type HedgeTold } from '../../src/call/hedge-race.ts'
import type { Opened } from '../../src/call/opened.ts'
import type { HedgeCause } from '../../src/errors/errors.ts'
import { failure } from '../../src/errors/failure.ts'
import type { HedgePlan, HedgeRefusal } from '../../src/hedge/hedging.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import { standIn } from '../support/typed.ts'

const RESET: Opened = { kind: 'failed', failure: failure('connection_reset') }
const FINAL: Opened = { kind: 'failed', failure: failure('http_status', undefined, { lane: undefined }) }
const PUSHBACK: Opened = { kind: 'failed', failure: failure('http_status', undefined, { lane: 'pushback' }) }
const TTFB: Opened = { kind: 'failed', failure: failure('ttfb_timeout') }
const ABORTED: Opened = { kind: 'aborted', reason: 'why' }
const COMMITTED: Opened = { kind: 'committed' }

/** As much of an attempt as a race sees. */
class Leg {
  readonly number: number
  ended = false
  open!: (opened: Opened) => void
  readonly opened = new Promise<Opened>((resolve) => {
    this.open = (opened) => {
      this.ended = true
      resolve(opened)
    }
  })
  isLost = false

  constructor(number: number) {
    this.number = number
  }

  supersede(): void {
    this.isLost = true
    this.open({ kind: 'lost' })
  }
}
const attemptOf = (leg: Leg): Attempt => standIn<Attempt>(leg)

interface Launched {
  readonly hedge: HedgeCause | undefined
  readonly at: number
  readonly ready: (attempt: Attempt | undefined) => void
  readonly fail: (error: unknown) => void
}

/** A race that began at 1000, whose attempts are suspect after 10 ms of silence. `byHand`: launches wait for the test. */
async function race({ maxConcurrent = 3, afterMs, byHand = false, onLaunch }: Given = {}) {
  const clock = new VirtualClock({ startMs: 1000 })
  const legs: Leg[] = []
  const launches: Launched[] = []
  const told: string[] = []
  const learnt: string[] = []
  const asked: number[] = []
  const state = {
    suspectAfterMs: 10,
    refusals: [] as HedgeRefusal[],
    givenBack: 0,
    stopped: 0,
    places: 0,
    isFull: false,
    isSpent: false,
  }
  const plan = standIn<HedgePlan>({
    settings: { maxConcurrent, afterMs },
    suspectAfterMs: () => state.suspectAfterMs,
    deadProbabilityAt: (ms: number) => ms / 100,
    take: (since: number) => {
      asked.push(since)
      return state.refusals.shift() ?? { giveBack: () => state.givenBack++ }
    },
    answered: (ms: number) => learnt.push(`answered ${ms}`),
    get isSpent() {
      return state.isSpent
    },
    givenUp: (ms: number) => learnt.push(`given up ${ms}`),
    died: (ms: number) => learnt.push(`died ${ms}`),
    pushedBack: () => learnt.push('pushed back'),
  })
  const tell = ({ kind, ...facts }: HedgeTold): void => {
    told.push([kind, ...Object.values(facts)].join(' '))
  }
  const racing = new HedgeRace({
    clock,
    plan,
    launch: (own, hedge) => {
      const { promise, resolve, reject } = Promise.withResolvers<Attempt | undefined>()
      launches.push({ hedge, at: clock.now(), ready: resolve, fail: reject })
      if (byHand) return promise
      const leg = new Leg(legs.length + 1)
      legs.push(leg)
      onLaunch?.(own, attemptOf(leg))
      return Promise.resolve(attemptOf(leg))
    },
    enter: () => {
      if (state.isFull) return 'concurrency'
      state.places++
      let isIn = true
      return () => {
        if (isIn) state.places--
        isIn = false
      }
    },
    onHedge: tell,
  })
  let outcome: unknown
  racing.outcome.then(
    ({ attempt, opened }) => {
      outcome = [attempt.number, opened]
    },
    (error: unknown) => {
      outcome = { error }
    },
  )
  await clock.settle()
  const leg = (number: number): Leg => legs[number - 1] as Leg
  return {
    clock,
    racing,
    launches,
    told,
    learnt,
    asked,
    state,
    leg,
    launched: (number: number): Launched => launches[number - 1] as Launched,
    /** What the race came to, so far. */
    outcome: () => outcome,
    firstEvent: (number: number) => racing.firstEvent(attemptOf(leg(number))),
    async commit(number: number) {
      racing.committing(attemptOf(leg(number)))
      leg(number).open(COMMITTED)
      await clock.settle()
    },
    async open(number: number, opened: Opened) {
      leg(number).open(opened)
      await clock.settle()
    },
  }
}
interface Given {
  readonly maxConcurrent?: number
  readonly afterMs?: number
  readonly byHand?: boolean
  readonly onLaunch?: (own: HedgeRace, attempt: Attempt) => void
}

describe('an attempt alone', () => {
  it('that commits in time is the outcome, and nothing is left', async () => {
    const r = await race()
    await r.clock.advance(9)
    expect(r.racing.decided).toBe(false)
    await r.commit(1)
    expect(r.outcome()).toEqual([1, COMMITTED])
    expect(r.racing.decided).toBe(true)
    r.clock.assertNothingPending()
    expect([r.launches.length, r.told, r.learnt]).toEqual([1, [], []])
  })

  it('that has answered is not hedged, however long it takes', async () => {
    const r = await race()
    await r.clock.advance(4)
    r.firstEvent(1)
    r.firstEvent(1)
    r.clock.assertNothingPending()
    await r.clock.advance(5000)
    expect([r.launches.length, r.learnt]).toEqual([1, ['answered 4']])
    await r.commit(1)
    expect(r.outcome()).toEqual([1, COMMITTED])
  })

  it.each([
    ['fails', RESET, []],
    ['fails for good', FINAL, []],
    ['is pushed back', PUSHBACK, ['pushed back']],
    ['is cut while it is silent', TTFB, ['died 3']],
    ['is aborted', ABORTED, []],
  ])('that %s is the outcome', async (_, opened, learnt) => {
    const r = await race()
    await r.clock.advance(3)
    await r.open(1, opened)
    expect([r.outcome(), r.learnt, r.racing.decided]).toEqual([[1, opened], learnt, true])
    r.clock.assertNothingPending()
  })

  it('that cannot be launched fails the call', async () => {
    const r = await race({ byHand: true })
    r.launched(1).fail('no headers')
    await r.clock.settle()
    expect(r.outcome()).toEqual({ error: 'no headers' })
    r.clock.assertNothingPending()
  })

  it('may report before its launch has settled', async () => {
    const r = await race({
      onLaunch: (own, attempt) => {
        own.firstEvent(attempt)
        own.committing(attempt)
      },
    })
    await r.open(1, COMMITTED)
    expect([r.outcome(), r.learnt]).toEqual([[1, COMMITTED], ['answered 0']])
  })

  it('is what is known: of others nothing is heard', async () => {
    const r = await race()
    const stranger = attemptOf(new Leg(9))
    r.racing.firstEvent(stranger)
    r.racing.committing(stranger)
    expect([r.racing.decided, r.learnt]).toEqual([false, []])
    await r.commit(1)
    r.racing.firstEvent(stranger)
    r.racing.committing(stranger)
    expect([r.outcome(), r.learnt]).toEqual([[1, COMMITTED], []])
  })
})

describe('a silent attempt', () => {
  it('is hedged when it is suspect, and not before', async () => {
    const r = await race()
    await r.clock.advance(9)
    expect(r.launches).toHaveLength(1)
    await r.clock.advance(1)
    expect(r.launched(2)).toMatchObject({ at: 1010, hedge: { silentMs: 10, deadProbability: 0.1 } })
    expect(r.asked).toEqual([1000])
    expect(r.told).toEqual(['started 2 10 0.1'])
    await r.clock.advance(10)
    expect(r.launched(3)).toMatchObject({ at: 1020, hedge: { silentMs: 10 } })
    expect(r.asked).toEqual([1000, 1010])
  })

  it('loses to a hedge that commits first, whose cost is given back', async () => {
    const r = await race()
    r.racing.whenDecided(() => r.state.stopped++)
    await r.clock.advance(15)
    expect(r.state.stopped).toBe(0)
    await r.commit(2)
    expect([r.outcome(), r.leg(1).isLost, r.leg(2).isLost]).toEqual([[2, COMMITTED], true, false])
    expect(r.told.slice(1)).toEqual(['ended 2 won'])
    expect([r.state.givenBack, r.state.stopped, r.learnt]).toEqual([1, 1, ['given up 15']])
    r.clock.assertNothingPending()
  })

  it('wins when it commits first, and the cost of the hedge is kept', async () => {
    const r = await race()
    await r.clock.advance(15)
    await r.commit(1)
    expect([r.outcome(), r.leg(1).isLost, r.leg(2).isLost]).toEqual([[1, COMMITTED], false, true])
    expect(r.told.slice(1)).toEqual(['ended 2 lost'])
    expect([r.state.givenBack, r.learnt]).toEqual([0, ['given up 5']])
  })

  it('that loses is not learnt from if it had answered or ended by itself', async () => {
    const answered = await race()
    await answered.clock.advance(15)
    answered.firstEvent(1)
    await answered.commit(2)
    expect(answered.learnt).toEqual(['answered 15'])
    const ended = await race()
    await ended.clock.advance(15)
    // In the same tick, so that the race does not know yet.
    ended.leg(1).open(PUSHBACK)
    await ended.commit(2)
    expect([ended.outcome(), ended.learnt, ended.told.slice(1)]).toEqual([[2, COMMITTED], [], ['ended 2 won']])
    const both = await race()
    await both.clock.advance(15)
    both.leg(2).open(PUSHBACK)
    await both.commit(1)
    expect([both.learnt, both.told.slice(1)]).toEqual([[], ['ended 2 lost']])
  })

  it('gets no second hedge while one of them has answered', async () => {
    const r = await race()
    await r.clock.advance(12)
    r.firstEvent(2)
    await r.clock.advance(5000)
    expect([r.launches.length, r.learnt]).toEqual([2, ['answered 2']])
  })

  it('gets another hedge when the one that had answered has failed', async () => {
    const r = await race()
    await r.clock.advance(12)
    r.firstEvent(2)
    await r.clock.advance(100)
    await r.open(2, RESET)
    await r.clock.advance(0)
    expect([r.launches.length, r.told]).toEqual([3, ['started 2 10 0.1', 'ended 2 failed', 'started 3 102 1.02']])
  })

  it('gets no further hedge if the call may have none, and no timer runs', async () => {
    const r = await race()
    r.state.isSpent = true
    await r.clock.advance(10)
    expect(r.launches).toHaveLength(2)
    r.clock.assertNothingPending()
    await r.commit(1)
  })

  it('waits longer when more is known by the time it would be suspect', async () => {
    const r = await race()
    r.state.suspectAfterMs = 25
    await r.clock.advance(24)
    expect(r.launches).toHaveLength(1)
    await r.clock.advance(1)
    expect(r.launched(2).hedge).toEqual({ silentMs: 25, deadProbability: 0.25 })
  })

  it('is not hedged if an event has come when its late timer fires', async () => {
    const r = await race()
    const late: (() => void)[] = []
    r.clock.afterIO = (callback) => {
      late.push(callback)
    }
    await r.clock.advance(10)
    r.firstEvent(1)
    for (const callback of late) callback()
    await r.clock.settle()
    expect([late.length, r.launches.length, r.asked]).toEqual([1, 1, []])
  })
})

describe('an attempt that fails beside others', () => {
  it('leaves the race to the others', async () => {
    const r = await race()
    await r.clock.advance(12)
    await r.open(1, RESET)
    expect([r.outcome(), r.racing.decided]).toEqual([undefined, false])
    await r.commit(2)
    expect(r.outcome()).toEqual([2, COMMITTED])
  })

  it('is the outcome when it was the last', async () => {
    const r = await race()
    await r.clock.advance(12)
    await r.open(1, PUSHBACK)
    await r.open(2, TTFB)
    expect([r.outcome(), r.learnt]).toEqual([
      [2, TTFB],
      ['pushed back', 'died 2'],
    ])
    expect([r.told.slice(1), r.state.givenBack]).toEqual([['ended 2 failed'], 0])
  })

  it('for good as the original ends the race', async () => {
    const r = await race()
    await r.clock.advance(12)
    await r.open(1, FINAL)
    expect([r.outcome(), r.leg(2).isLost, r.told.slice(1)]).toEqual([[1, FINAL], true, ['ended 2 lost']])
  })

  it('for good as a hedge leaves it to the original alone', async () => {
    const r = await race()
    await r.clock.advance(12)
    await r.open(2, FINAL)
    r.clock.assertNothingPending()
    await r.clock.advance(5000)
    expect([r.outcome(), r.launches.length]).toEqual([undefined, 2])
    await r.commit(1)
    expect(r.outcome()).toEqual([1, COMMITTED])
  })

  it('for good in the place of the original ends the race', async () => {
    const r = await race()
    await r.clock.advance(22)
    await r.open(1, RESET)
    await r.open(2, FINAL)
    expect([r.outcome(), r.leg(3).isLost]).toEqual([[2, FINAL], true])
  })

  it.each([
    ['one of the others has answered', true],
    ['none of the others has answered', false],
  ])('by its first-event deadline as the original, where %s, leaves the race: %s', async (_, hasAnswered) => {
    const r = await race()
    await r.clock.advance(22)
    if (hasAnswered) r.firstEvent(2)
    await r.open(1, TTFB)
    // The others end with it if they are as silent: a call is over when ttfbMs and its retries say so.
    expect(r.outcome()).toEqual(hasAnswered ? undefined : [1, TTFB])
    expect([r.leg(2).isLost, r.leg(3).isLost]).toEqual([!hasAnswered, !hasAnswered])
    if (hasAnswered) await r.commit(2)
  })

  it('by an abort ends the race', async () => {
    const r = await race()
    await r.clock.advance(12)
    await r.open(2, ABORTED)
    expect([r.outcome(), r.leg(1).isLost, r.told.slice(1)]).toEqual([[2, ABORTED], true, ['ended 2 failed']])
  })
})

describe('a hedge that is being launched', () => {
  /** The original runs, and the launch of a hedge waits. */
  async function launching() {
    const r = await race({ byHand: true })
    const original = new Leg(1)
    r.launched(1).ready(attemptOf(original))
    await r.clock.advance(10)
    expect(r.launches).toHaveLength(2)
    return { ...r, original }
  }

  it('is waited for when all others have failed', async () => {
    const r = await launching()
    r.original.open(RESET)
    await r.clock.advance(5000)
    expect([r.outcome(), r.launches.length]).toEqual([undefined, 2])
    const hedge = new Leg(2)
    r.launched(2).ready(attemptOf(hedge))
    await r.clock.settle()
    r.racing.committing(attemptOf(hedge))
    hedge.open(COMMITTED)
    await r.clock.settle()
    expect(r.outcome()).toEqual([2, COMMITTED])
  })

  it.each([
    ['cannot be', (launched: Launched) => launched.fail('no headers')],
    ['is not wanted any more', (launched: Launched) => launched.ready(undefined)],
  ])('and %s costs nothing, and the race continues', async (_, settle) => {
    const r = await launching()
    settle(r.launched(2))
    await r.clock.settle()
    expect([r.outcome(), r.told, r.state.givenBack]).toEqual([undefined, [], 1])
    r.racing.committing(attemptOf(r.original))
    r.original.open(COMMITTED)
    await r.clock.settle()
    expect(r.outcome()).toEqual([1, COMMITTED])
  })

  it.each([
    ['cannot be', (launched: Launched) => launched.fail('no headers')],
    ['is not wanted any more', (launched: Launched) => launched.ready(undefined)],
  ])('and %s does not affect the outcome of the others', async (_, settle) => {
    const r = await launching()
    r.original.open(RESET)
    await r.clock.settle()
    settle(r.launched(2))
    await r.clock.settle()
    expect(r.outcome()).toEqual([1, RESET])
    r.clock.assertNothingPending()
  })

  it('and fails does not end the running attempts', async () => {
    const r = await launching()
    const hedge = new Leg(2)
    r.launched(2).ready(attemptOf(hedge))
    await r.clock.advance(10)
    r.original.open(RESET)
    r.launched(3).fail('no headers')
    await r.clock.settle()
    expect([r.outcome(), hedge.isLost]).toEqual([undefined, false])
    hedge.open(FINAL)
    await r.clock.settle()
    expect(r.outcome()).toEqual([2, FINAL])
  })

  it('is the only one: no other is launched meanwhile', async () => {
    const r = await launching()
    r.launched(2).ready(attemptOf(new Leg(2)))
    await r.clock.advance(10)
    expect(r.launches).toHaveLength(3)
    r.original.open(RESET)
    await r.clock.advance(5000)
    expect(r.launches).toHaveLength(3)
    r.clock.assertNothingPending()
  })

  it('and comes too late does not join the race', async () => {
    const r = await launching()
    r.racing.committing(attemptOf(r.original))
    const late = new Leg(2)
    r.launched(2).ready(attemptOf(late))
    late.open(COMMITTED)
    r.original.open(COMMITTED)
    await r.clock.settle()
    expect([r.outcome(), r.told]).toEqual([[1, COMMITTED], []])
    r.clock.assertNothingPending()
  })
})

describe('a hedge that is refused', () => {
  it('is tried again each second, and reported once for each reason', async () => {
    const r = await race()
    r.state.refusals = ['budget', 'budget', 'pushback', 'budget']
    await r.clock.advance(10)
    expect([r.launches.length, r.told]).toEqual([1, ['refused budget']])
    await r.clock.advance(999)
    expect(r.asked).toHaveLength(1)
    await r.clock.advance(1)
    expect([r.asked.length, r.told]).toEqual([2, ['refused budget']])
    await r.clock.advance(2000)
    expect(r.told).toEqual(['refused budget', 'refused pushback', 'refused budget'])
    await r.clock.advance(1000)
    expect(r.told.at(-1)).toBe('started 2 4010 40.1')
    // A refusal behind it is news.
    r.state.refusals = ['budget']
    await r.clock.advance(10)
    expect(r.told.at(-1)).toBe('refused budget')
  })
})

describe('maxConcurrent attempts', () => {
  it('are suspect: the oldest hedge is replaced, the original stays', async () => {
    const r = await race({ maxConcurrent: 2 })
    await r.clock.advance(20)
    expect([r.leg(1).isLost, r.leg(2).isLost, r.launches.length]).toEqual([false, true, 3])
    expect(r.told).toEqual(['started 2 10 0.1', 'ended 2 replaced', 'started 3 10 0.1'])
    expect([r.learnt, r.state.givenBack]).toEqual([['given up 10'], 0])
    await r.clock.advance(10)
    expect([r.leg(1).isLost, r.leg(3).isLost, r.leg(4).isLost]).toEqual([false, true, false])
    await r.commit(1)
    expect([r.outcome(), r.told.at(-1)]).toEqual([[1, COMMITTED], 'ended 4 lost'])
  })

  it('with a plain time, all of them continue and none is replaced, not even one that has failed', async () => {
    const r = await race({ maxConcurrent: 2, afterMs: 10 })
    await r.clock.advance(10_000)
    expect(r.told).toEqual(['started 2 10 0.1'])
    expect([r.leg(1).isLost, r.leg(2).isLost]).toEqual([false, false])
    await r.open(2, RESET)
    await r.clock.advance(10_000)
    expect([r.told.slice(1), r.leg(1).isLost]).toEqual([['ended 2 failed'], false])
    await r.commit(1)
    expect(r.outcome()).toEqual([1, COMMITTED])
  })
})

describe('the permit of a hedge', () => {
  it('is taken when it starts, and released when it wins, because the call has a permit', async () => {
    const r = await race()
    await r.clock.advance(11)
    expect(r.state.places).toBe(1)
    await r.commit(2)
    expect(r.state.places).toBe(0)
  })

  it('is released when the hedge fails, loses, is replaced, or never gets its headers', async () => {
    const failed = await race()
    await failed.clock.advance(11)
    await failed.open(2, RESET)
    expect(failed.state.places).toBe(0)

    const lost = await race()
    await lost.clock.advance(11)
    await lost.commit(1)
    expect(lost.state.places).toBe(0)

    const replaced = await race({ maxConcurrent: 2 })
    await replaced.clock.advance(22)
    expect([replaced.launches.length, replaced.state.places]).toEqual([3, 1])
    await replaced.commit(1)

    const unsent = await race({ byHand: true })
    unsent.launched(1).ready(attemptOf(new Leg(1)))
    await unsent.clock.advance(11)
    expect(unsent.state.places).toBe(1)
    unsent.launched(2).fail(new Error('no headers'))
    await unsent.clock.settle()
    expect(unsent.state.places).toBe(0)
  })

  it('is released when the budget refuses the hedge', async () => {
    const r = await race()
    r.state.refusals = ['budget']
    await r.clock.advance(11)
    expect([r.told, r.state.places]).toEqual([['refused budget'], 0])
    await r.commit(1)
  })

  it('is tried again after a second if none was free', async () => {
    const r = await race()
    r.state.isFull = true
    await r.clock.advance(11)
    expect([r.launches.length, r.told]).toEqual([1, ['refused concurrency']])
    expect(r.asked).toEqual([])
    r.state.isFull = false
    await r.clock.advance(1000)
    expect(r.launches.length).toBe(2)
    await r.commit(2)
    r.clock.assertNothingPending()
  })
})
