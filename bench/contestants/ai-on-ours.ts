import { ResilientClient } from '../../src/index.ts'
import type { Contestant } from '../contract.ts'
import { aiOn } from './ai.ts'

export async function create(): Promise<Contestant> {
  return aiOn(new ResilientClient().fetch)
}
