import { lazyPerformFetch } from '../client/lazy-perform-fetch.ts'
import { performFetch } from '../client/perform-fetch.ts'
import { lazyReading } from '../responses/lazy-reading.ts'
import * as reading from '../responses/reading.ts'

/**
 * Hands over what the first call of a process would load. Loading takes real time, for which neither a `VirtualClock` nor fake timers
 * wait: they would fire deadlines before the call has begun.
 */
export function loadAhead(): void {
  lazyReading.provide(reading)
  lazyPerformFetch.provide(performFetch)
}
