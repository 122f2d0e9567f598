import { ResilientClient } from '../../src/index.ts'
import type { Contestant } from '../contract.ts'
import { countBytes, countEvents, REQUEST } from './reading.ts'

export async function create(): Promise<Contestant> {
  const { fetch } = new ResilientClient()
  return {
    bytes: async (url) => countBytes(await fetch(`${url}/responses`, REQUEST)),
    events: async (url) => countEvents(await fetch(`${url}/responses`, REQUEST)),
  }
}
