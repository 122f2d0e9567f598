import { Part } from '../errors/part.ts'

/**
 * What reads a response: the loop of a call with its attempts, deadlines and retries, the reading of events, the session over
 * all calls, and the response that is put together. Most of the library, which no program needs before its first call.
 */
export const lazyReading = new Part(() => import('./reading.ts'))
