import { ResilientClient, type ResilientClientOptions } from '../../src/index.ts'
import type { Contestant } from '../contract.ts'

/** Reads typed streams with one client for each endpoint. */
export function typedClient(options: ResilientClientOptions): Contestant {
  const clients = new Map<string, ResilientClient>()
  const clientOf = (baseURL: string): ResilientClient => {
    const known = clients.get(baseURL) ?? new ResilientClient({ baseURL, apiKey: 'sk-bench', ...options })
    clients.set(baseURL, known)
    return known
  }
  return {
    async events(url) {
      let events = 0
      for await (const event of clientOf(url).responses.stream({ model: 'bench', input: 'hi' })) {
        if (event.type !== undefined) events++
      }
      return events
    },
  }
}
