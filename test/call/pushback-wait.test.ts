import { describe, expect, it } from 'vitest'
import type { Permit } from '../../src/admission/admission.ts'
import type { Attempt } from '../../src/call/attempt.ts'
import type { CallContext } from '../../src/call/call-request.ts'
import { type HeldCall, tellPushback, waitForPushbacks } from '../../src/call/pushback-wait.ts'
import { acquireSlot, type SlotCall } from '../../src/call/slot.ts'
import { AbortScope } from '../../src/core/abort.ts'
import type { CallFleet, FleetCall } from '../../src/fleet-port/call-fleet.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import type { CallDeadlines } from '../../src/watchdog/deadlines.ts'
import { invalid, standIn } from '../support/typed.ts'

const ORIGIN = 'https://api.test'
const CALL: FleetCall = { origin: ORIGIN, given: [], model: 'm' }

interface Given {
  /** How long the endpoint is held, at each question. The last one stays. */
  readonly held?: readonly number[]
  readonly kind?: 'stream' | 'passthrough'
  readonly totalMs?: number
  readonly maxHintMs?: number
  readonly isLimited?: boolean
  readonly signal?: AbortSignal
}

function rig({ held = [0], kind = 'stream', totalMs = 0, maxHintMs = 60_000, isLimited = false, signal }: Given) {
  const clock = new VirtualClock({ startMs: 1000 })
  const told: string[] = []
  const pushed: unknown[] = []
  const asked: FleetCall[] = []
  const fleet = standIn<CallFleet>({
    heldMs: (call: FleetCall) => {
      asked.push(call)
      return held[Math.min(asked.length, held.length) - 1] ?? 0
    },
    pushedBack: (...args: unknown[]) => pushed.push(args),
  })
  const permit: Permit = { answered: () => {}, release: () => told.push('released') }
  const deadlines: CallDeadlines = {
    startedAt: 1000,
    total: { ms: totalMs, source: 'option' },
    beforeCommit: { ms: 0, source: 'beforeCommitMs' },
    commitAfterMs: 0,
  }
  const call = {
    context: standIn<CallContext>({
      admission: isLimited ? { gate: { enter: async () => permit }, queueMs: 0 } : undefined,
      fleet,
      clock,
      policy: standIn({ maxHintMs }),
      random: () => 0,
    }),
    scope: new AbortScope(signal),
    deadlines,
    request: { url: new URL(`${ORIGIN}/v1/responses`), given: [] },
    effective: standIn<SlotCall['effective']>({
      traits: { asks: { model: 'm' }, latency: { kind, estimatedInputTokens: 1 } },
      candidates: undefined,
    }),
    log: invalid<SlotCall['log']>({
      queued: (reason: string) => told.push(reason),
      admitted: () => told.push('admitted'),
    }),
    errorOf: standIn<SlotCall['errorOf']>((failure: unknown) => failure),
  }
  return { clock, call, told, pushed, asked, permit }
}

/** How long a call waits, and how often it says so. */
async function waits(given: Given): Promise<{ ms: number; told: number; asked: number }> {
  const { clock, call, asked } = rig(given)
  let told = 0
  await clock.until(waitForPushbacks(call, () => told++))
  return { ms: clock.now() - 1000, told, asked: asked.length }
}

describe('a call that an endpoint of the fleet holds', () => {
  it.each<[what: string, given: Given, ms: number, told: number]>([
    ['is sent at once when nothing holds it', { held: [0] }, 0, 0],
    ['waits as long as another was told', { held: [3000, 0] }, 3000, 1],
    ['waits again when it is held again meanwhile', { held: [3000, 2000, 0] }, 5000, 2],
    ['is not held when it is no Responses call', { held: [3000, 0], kind: 'passthrough' }, 0, 0],
    ['is sent when its time would be over before', { held: [3000, 0], totalMs: 3000 }, 0, 0],
    ['waits when some of its time is left after', { held: [3000, 0], totalMs: 3001 }, 3000, 1],
    ['is sent when the wait is longer than maxHintMs', { held: [3000, 0], maxHintMs: 2999 }, 0, 0],
    ['waits for just maxHintMs', { held: [3000, 0], maxHintMs: 3000 }, 3000, 1],
  ])('%s', async (_what, given, ms, told) => {
    expect(await waits(given)).toMatchObject({ ms, told })
  })

  it('asks by its origin, its credential and its model', async () => {
    const { call, asked } = rig({})
    await waitForPushbacks(call, () => {})
    expect(asked).toEqual([CALL])
  })

  it('names no key that the caller has sent in the place of a model', async () => {
    const { call, asked } = rig({})
    const traits = { ...call.effective.traits, asks: { ...call.effective.traits.asks, model: 'sk-planted-model-9f2c' } }
    await waitForPushbacks(
      { ...call, effective: standIn<SlotCall['effective']>({ ...call.effective, traits }) },
      () => {},
    )
    expect(asked).toEqual([{ ...CALL, model: '[redacted]' }])
  })

  it('does not ask without a fleet', async () => {
    const { call, asked } = rig({ held: [3000] })
    const context = standIn<CallContext>({ ...call.context, fleet: undefined })
    await waitForPushbacks({ ...call, context }, () => {})
    expect(asked).toEqual([])
  })
})

describe('the slot of a call of a fleet', () => {
  it('is there after the wait, without a limit on calls', async () => {
    const { clock, call, told } = rig({ held: [3000, 0] })
    expect(await clock.until(acquireSlot(call))).toBeUndefined()
    expect(told).toEqual(['pushback', 'admitted'])
    expect(clock.now()).toBe(4000)
  })

  it('is held during the wait', async () => {
    const { clock, call, told, permit } = rig({ held: [3000, 0], isLimited: true })
    expect(await clock.until(acquireSlot(call))).toBe(permit)
    expect(told).toEqual(['pushback', 'admitted'])
  })

  it.each([true, false])('is free again when the caller aborts the wait (limited: %j)', async (isLimited) => {
    const controller = new AbortController()
    const { clock, call, told } = rig({ held: [3000], isLimited, signal: controller.signal })
    const slot = acquireSlot(call)
    slot.catch(() => {})
    await clock.advance(1000)
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(slot).rejects.toBe(reason)
    expect(told).toEqual(isLimited ? ['pushback', 'released'] : ['pushback'])
    clock.assertNothingPending()
  })
})

describe('what an endpoint told one call', () => {
  const tell = (failed: unknown, { kind, endpoint }: { kind?: 'passthrough'; endpoint?: string } = {}) => {
    const { call, pushed } = rig({ ...(kind && { kind }) })
    const target = endpoint === undefined ? undefined : { endpoint }
    tellPushback(call as HeldCall, standIn<Attempt>({ failed, target }))
    return pushed
  }

  it('is told to the others, with the wait, for the endpoint that said it', () => {
    const failed = { lane: 'pushback', hintMs: 700 }
    expect(tell(failed)).toEqual([[CALL, ORIGIN, 700]])
    expect(tell(failed, { endpoint: 'https://b.test' })).toEqual([[CALL, 'https://b.test', 700]])
  })

  it.each<[what: string, failed: unknown, kind?: 'passthrough']>([
    ['another failure', { lane: 'transient', hintMs: 700 }],
    ['a pushback without a wait', { lane: 'pushback' }],
    ['a pushback with a wait of 0', { lane: 'pushback', hintMs: 0 }],
    ['no failure', undefined],
    ['a pushback of another API', { lane: 'pushback', hintMs: 700 }, 'passthrough'],
  ])('is not told: %s', (_what, failed, kind) => {
    expect(tell(failed, kind && { kind })).toEqual([])
  })

  it('is kept to itself without a fleet', () => {
    const { call, pushed } = rig({})
    const context = standIn<CallContext>({ ...call.context, fleet: undefined })
    tellPushback({ ...call, context }, standIn<Attempt>({ failed: { lane: 'pushback', hintMs: 700 } }))
    expect(pushed).toEqual([])
  })
})
