import { Part } from '../errors/part.ts'
import type { performFetch } from './perform-fetch.ts'

/** What a fetch does once its request was taken apart. A program that uses the typed API alone never loads it. */
export const lazyPerformFetch = new Part<typeof performFetch>(
  async () => (await import('./perform-fetch.ts')).performFetch,
)
