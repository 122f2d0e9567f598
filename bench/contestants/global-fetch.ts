import type { Contestant } from '../contract.ts'
import { countBytes, REQUEST } from './reading.ts'

/** The fetch that Node has built in. */
export async function create(): Promise<Contestant> {
  return { bytes: async (url) => countBytes(await fetch(`${url}/responses`, REQUEST)) }
}
