import { systemClock } from '../../src/core/clock.ts'

const LOOK_EVERY_MS = 2

/**
 * Waits for what only the operating system can tell, such as the state of a socket: looks at once, then again and again.
 * @throws Error that says what did not happen, after `withinMs`.
 */
export async function until(condition: () => boolean, what: string | (() => string), withinMs = 10_000): Promise<void> {
  const end = systemClock.now() + withinMs
  while (!condition()) {
    if (systemClock.now() > end) {
      throw tooLate(what, withinMs)
    }
    await pause(LOOK_EVERY_MS)
  }
}

/** Lets real time pass: only where a test shows that nothing happens in it. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void systemClock.setTimer(resolve, ms))
}

/** Rejects when `promise` has not settled after `withinMs`, so that a test names what it waited for. */
export async function within<T>(promise: Promise<T>, what: string | (() => string), withinMs = 10_000): Promise<T> {
  let timer: unknown
  const late = new Promise<never>((_resolve, reject) => {
    timer = systemClock.setTimer(() => reject(tooLate(what, withinMs)), withinMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    systemClock.clearTimer(timer)
  }
}

/** Lets everything that is ready happen: promise jobs, ticks, and input that has arrived. */
export async function turns(count = 3): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => systemClock.afterIO(resolve))
}

function tooLate(what: string | (() => string), withinMs: number): Error {
  return new Error(`did not happen within ${withinMs} ms: ${typeof what === 'string' ? what : what()}`)
}
