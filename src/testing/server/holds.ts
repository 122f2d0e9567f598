import type { Clock } from '../../core/clock.ts'
import type { Connection } from './connection.ts'
import type { AppliedFault } from './report.ts'

/** Waits `ms`, or while the connection is open (`Infinity`). Returns whether it is still open. */
export function waitWhileOpen(
  connection: Connection,
  clock: Clock,
  ms: number,
  onStart?: (goOn: () => void) => () => void,
): Promise<boolean> {
  if (!connection.open) return Promise.resolve(false)
  return new Promise((resolve) => {
    const settle = () => {
      if (timer !== undefined) clock.clearTimer(timer)
      unwatch()
      forget?.()
      resolve(connection.open)
    }
    const timer = ms === Number.POSITIVE_INFINITY ? undefined : clock.setTimer(settle, ms)
    const unwatch = connection.onClosed(settle)
    const forget = onStart?.(settle)
  })
}

/** Lets the event loop turn, so that a client in the same process can read what was sent. */
export async function passTurns(clock: Clock, turns: number): Promise<void> {
  for (let passed = 0; passed < turns; passed++) await new Promise<void>((resolve) => clock.afterIO(resolve))
}

/** The current stalls and delays. */
export class Holds {
  readonly #clock: Clock
  readonly #held = new Map<AppliedFault, () => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Returns whether the connection is still open after the hold. */
  hold(applied: AppliedFault, connection: Connection, ms: number): Promise<boolean> {
    return waitWhileOpen(connection, this.#clock, ms, (goOn) => {
      this.#held.set(applied, goOn)
      return () => this.#held.delete(applied)
    })
  }

  /** Ends the matching holds. Returns their number. */
  release(matches: (applied: AppliedFault) => boolean): number {
    const released = [...this.#held].filter(([applied]) => matches(applied))
    for (const [, goOn] of released) goOn()
    return released.length
  }
}
