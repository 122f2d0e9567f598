import { expect } from 'vitest'
import type { DeadlineInfo } from '../../src/errors/errors.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import type { AttemptLimits, CallDeadlines, Limit } from '../../src/watchdog/deadlines.ts'
import { Watchdog } from '../../src/watchdog/watchdog.ts'

export const at = (ms: number, source = 'option'): Limit => ({ ms, source })
export const OFF = at(0)
export const LIMITS: AttemptLimits = {
  connect: at(10_000),
  send: at(30_000),
  ttfb: at(45_000, 'auto: base'),
  idle: at(300_000),
  progress: at(900_000),
  stale: at(1_800_000, 'default'),
}

/** A watchdog in virtual time, and what it has said. */
export function guard(
  limits: Partial<AttemptLimits> = {},
  call: Partial<CallDeadlines> = {},
  onCommitDue?: () => void,
) {
  const clock = new VirtualClock()
  const said: Array<{ at: number; what: DeadlineInfo | 'commit' | 'linger' | 'held' }> = []
  const say = (what: DeadlineInfo | 'commit' | 'linger' | 'held'): void => void said.push({ at: clock.now(), what })
  const dog: Watchdog = new Watchdog(
    clock,
    { ...LIMITS, ...limits },
    { startedAt: 0, total: OFF, beforeCommit: OFF, commitAfterMs: 0, ...call },
    {
      onExpired: say,
      onCommitDue: () => {
        say('commit')
        dog.committed()
        onCommitDue?.()
      },
      onLingerDue: () => say('linger'),
      onHeldDue: () => say('held'),
    },
  )
  return {
    clock,
    dog,
    said,
    /** As far as the request: connected at once, written at once. */
    sent(): void {
      dog.connecting()
      dog.connected()
      dog.sent()
    },
    /** A committed stream that has just progressed. */
    reading(): void {
      this.sent()
      this.event(true)
      dog.committed()
    },
    event(progress = false): void {
      dog.byte()
      dog.event(progress)
    },
    names: () => said.map(({ at: when, what }) => [when, typeof what === 'string' ? what : what.name]),
    nothingIsLeft(): void {
      clock.assertNothingPending()
      expect(clock.counts().peak).toBeLessThanOrEqual(1)
    },
  }
}
export type Guarded = ReturnType<typeof guard>
