import type { Clock } from '../src/index.ts'

/**
 * A clock that runs `speed` times as fast as real time. The client with its deadlines and the server with its pauses
 * use it, so no options need to change. Timers that are `unref`ed run at normal speed: they clean up after finished
 * calls and wait for sockets, which are not faster.
 */
export function scaledClock(speed: number): Clock {
  return {
    now: () => performance.now() * speed,
    wallNow: () => Date.now(),
    setTimer(callback, delayMs, options) {
      if (options?.unref) return setTimeout(callback, Math.min(delayMs, 2 ** 31 - 1)).unref()
      return setTimeout(callback, delayMs / speed)
    },
    clearTimer: (handle) => clearTimeout(handle as NodeJS.Timeout),
    afterIO: (callback) => void setImmediate(callback),
  }
}

/** Resolves after `ms` of the clock. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimer(resolve, ms))
}

/** Measures how late timers fire because the machine is busy: the mean, in milliseconds of real time. */
export function measureLag(): { stop(): number } {
  const EVERY_MS = 50
  const late: number[] = []
  let last = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    late.push(Math.max(0, now - last - EVERY_MS))
    last = now
  }, EVERY_MS)
  return {
    stop() {
      clearInterval(timer)
      return late.reduce((sum, each) => sum + each, 0) / Math.max(1, late.length)
    },
  }
}
