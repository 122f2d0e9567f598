import { fetch } from 'undici'
import type { Contestant } from '../contract.ts'
import { countBytes, countEvents, REQUEST } from './reading.ts'

export async function create(): Promise<Contestant> {
  const post = async (url: string): Promise<Response> =>
    (await fetch(`${url}/responses`, REQUEST)) as unknown as Response
  return {
    bytes: async (url) => countBytes(await post(url)),
    events: async (url) => countEvents(await post(url)),
  }
}
