import type { Clock } from '../../core/clock.ts'
import type { Connection } from './connection.ts'
import type { AppliedFault } from './report.ts'

/** Waits `ms`, or as long as the connection is open (`Infinity`). Answers whether it still is. */
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

/** Lets the event loop turn: a client in the same process gets to read what was sent. */
export async function passTurns(clock: Clock, turns: number): Promise<void> {
  for (let passed = 0; passed < turns; passed++) await new Promise<void>((resolve) => clock.afterIO(resolve))
}

/** The stalls and delays under way. */
export class Holds {
  readonly #clock: Clock
  readonly #held = new Map<AppliedFault, () => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Answers whether the connection is still open when it goes on. */
  hold(applied: AppliedFault, connection: Connection, ms: number): Promise<boolean> {
    return waitWhileOpen(connection, this.#clock, ms, (goOn) => {
      this.#held.set(applied, goOn)
      return () => this.#held.delete(applied)
    })
  }

  /** Lets those that match go on; answers how many. */
  release(matches: (applied: AppliedFault) => boolean): number {
    const released = [...this.#held].filter(([applied]) => matches(applied))
    for (const [, goOn] of released) goOn()
    return released.length
  }
}
