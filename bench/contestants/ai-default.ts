import type { Contestant } from '../contract.ts'
import { aiOn } from './ai.ts'

export async function create(): Promise<Contestant> {
  return aiOn(undefined)
}
