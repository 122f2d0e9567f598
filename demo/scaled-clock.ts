import type { Clock } from '../src/index.ts'

/**
 * A clock that runs `speed` times as fast as the one on the wall. Everything that asks it — the client with all its
 * deadlines, the server with its pauses — lives a minute in a second and needs no options changed for that.
 * Timers that keep no process alive are left as they are: they tidy up behind finished calls, and wait for sockets, which
 * are no faster than ever.
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

/** How late timers are while it runs, as a busy machine makes them: the mean, in milliseconds on the wall. */
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
