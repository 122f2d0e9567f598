import { ResilientClient, type ResponseCreateParams } from '../../../src/index.ts'
import { type Answer, type Contestant, GIVE_UP_MS } from '../contestant.ts'

/**
 * This library, used by an agent that sends its whole history in every turn. Only one option differs: with `webSocket`
 * the same bodies go over WebSockets, as increments where possible. The turn is named in `metadata`, because a header
 * that changes from turn to turn would need another socket each time.
 */
export function stateless(baseURL: string, webSocket: boolean): Contestant & { readonly client: ResilientClient } {
  const client = new ResilientClient({ baseURL, webSocket, timeouts: { ttfbMs: GIVE_UP_MS } })
  return {
    name: webSocket ? 'over WebSockets' : 'over HTTP',
    client,
    async ask(request, call, signal) {
      const body = { ...request, metadata: { mock_call: call } } as unknown as ResponseCreateParams
      const stream = client.responses.stream(body, { interruption: 'restart', signal })
      return (await stream.finalResponse()) as unknown as Answer
    },
    close: () => client.close(),
  }
}
