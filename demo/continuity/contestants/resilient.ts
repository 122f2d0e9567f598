import { ResilientClient, type ResponseCreateParams } from '../../../src/index.ts'
import { type Answer, CALL_HEADER, type Contestant, GIVE_UP_MS } from '../contestant.ts'

/**
 * This library, used by an agent that shows output as it comes: `responses.stream` with `interruption: 'restart'`, so
 * that a stream that breaks after output is retried as well. `responses.create` would also do this, and nothing would
 * be visible. The drop-in fetch cannot retry bytes that its host has read, and leaves that to the agent.
 */
export function resilient(baseURL: string): Contestant & { readonly client: ResilientClient } {
  const client = new ResilientClient({ baseURL, timeouts: { ttfbMs: GIVE_UP_MS } })
  return {
    name: 'resilient-responses',
    client,
    async ask(request, call, signal) {
      const options = { interruption: 'restart', headers: { [CALL_HEADER]: call }, signal } as const
      const stream = client.responses.stream({ ...request } as ResponseCreateParams, options)
      return (await stream.finalResponse()) as unknown as Answer
    },
    close: () => client.close(),
  }
}
