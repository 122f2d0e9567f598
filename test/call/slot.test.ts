import { describe, expect, it } from 'vitest'
import type { Entry, Permit } from '../../src/admission/admission.ts'
import type { CallContext } from '../../src/call/call-request.ts'
import { acquireSlot, outOfTime } from '../../src/call/slot.ts'
import { AbortScope } from '../../src/core/abort.ts'
import type { Failure } from '../../src/errors/failure.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import type { CallDeadlines } from '../../src/watchdog/deadlines.ts'
import { invalid, standIn } from '../support/typed.ts'

const TICKET: Permit = { answered: () => {}, release: () => {} }
const SCOPE = new AbortScope(undefined)

interface Given {
  readonly queueMs?: number
  readonly total?: number
  readonly beforeCommit?: number
  readonly kind?: 'stream' | 'json' | 'passthrough'
}

/** Takes a turn at 1000, in a call that began at 900: what was asked for, and what the log was told. */
async function turn({ queueMs = 0, total = 0, beforeCommit = 0, kind = 'stream' }: Given) {
  const told: string[] = []
  const entries: Entry[] = []
  const enter = async (entry: Entry): Promise<Permit> => {
    entries.push(entry)
    entry.onWaiting('rate')
    return TICKET
  }
  const deadlines: CallDeadlines = {
    startedAt: 900,
    total: { ms: total, source: 'option' },
    beforeCommit: { ms: beforeCommit, source: 'beforeCommitMs' },
    commitAfterMs: 0,
  }
  const ticket = await acquireSlot({
    context: standIn<CallContext>({
      admission: { gate: { enter }, queueMs },
      clock: new VirtualClock({ startMs: 1000 }),
    }),
    scope: SCOPE,
    deadlines,
    request: { url: new URL('https://api.test/v1/responses'), given: [] },
    effective: standIn({
      traits: {
        asks: { model: 'm', effort: '', tier: '', hasToolEffects: false },
        latency: { kind, estimatedInputTokens: 12, effort: 'low', flex: false },
      },
    }),
    log: invalid({ queued: (reason: string) => told.push(reason), admitted: () => told.push('admitted') }),
    errorOf: (failure) => standIn<Error>(failure),
  })
  const entry = entries[0] as Entry
  return { ticket, told, entry, timeout: standIn<Failure>(entry.onTimeout()) }
}

describe('a call gets its permit', () => {
  it('by its traits, and reports that it waits', async () => {
    const { ticket, told, entry } = await turn({})
    expect(ticket).toBe(TICKET)
    expect(told).toEqual(['rate', 'admitted'])
    expect(entry).toMatchObject({ origin: 'https://api.test', model: 'm', inputTokens: 12 })
    expect(entry.scope).toBe(SCOPE)
    expect((await turn({ kind: 'json' })).entry.model).toBe('m')
    // What is no Responses call has limits of its own.
    expect((await turn({ kind: 'passthrough' })).entry.model).toBe('')
  })

  it('at once if calls are not limited', async () => {
    const context = standIn<CallContext>({ admission: undefined, clock: new VirtualClock() })
    expect(await acquireSlot(standIn({ context }))).toBeUndefined()
  })

  it.each<[given: Given, withinMs: number, name: string, ms: number, source: string]>([
    [{ queueMs: 50 }, 50, 'queue', 50, 'option'],
    [{ queueMs: 50, total: 151 }, 50, 'queue', 50, 'option'],
    [{ queueMs: 50, total: 150 }, 50, 'total', 150, 'option'],
    [{ queueMs: 50, total: 120 }, 20, 'total', 120, 'option'],
    [{ total: 500 }, 400, 'total', 500, 'option'],
    [{ total: 500, beforeCommit: 300 }, 200, 'before_commit', 300, 'beforeCommitMs'],
  ])('no later than its time allows: %j', async (given, withinMs, name, ms, source) => {
    const { entry, timeout } = await turn(given)
    expect(entry.withinMs).toBe(withinMs)
    expect(timeout).toMatchObject({ code: `${name}_timeout`, deadline: { name, ms, source }, connecting: true })
    expect(timeout.message).toBe(`Timed out before it was sent: ${name} deadline of ${ms} ms (${source}).`)
  })

  it('at any time, without a limit', async () => {
    expect((await turn({})).entry.withinMs).toBe(Infinity)
  })
})

it('a call whose time was over before it was sent is safe to send again', () => {
  expect(outOfTime({ name: 'total', limit: { ms: 5, source: 'env' } })).toEqual({
    code: 'total_timeout',
    lane: undefined,
    message: 'Timed out before it was sent: total deadline of 5 ms (env).',
    deadline: { name: 'total', ms: 5, source: 'env' },
    connecting: true,
  })
})
