import { ResilientClient, type ResponseCreateParams } from '../../../src/index.ts'
import { type Answer, CALL_HEADER, type Contestant, GIVE_UP_MS } from '../contestant.ts'

/**
 * This library, as an agent uses it that shows its output while it comes: `responses.stream` with `interruption:
 * 'restart'`, so that a stream which breaks after output is retried as well. `responses.create` would do the same with
 * nothing to take back; the drop-in fetch cannot, because its hosts have seen the bytes, and leaves that retry to the agent.
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
