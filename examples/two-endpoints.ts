/**
 * Two endpoints: calls go to the healthy one, and a conversation stays where it began.
 *
 * Each endpoint has its own key, which the other one never sees.
 */
import { ResilientClient, type ResilientClientOptions } from 'resilient-responses'

export interface Endpoint {
  readonly baseURL: string
  readonly apiKey: string
  /** Share of the calls, relative to the other one. */
  readonly weight?: number
}

export function createFailover(endpoints: readonly Endpoint[], options: ResilientClientOptions = {}) {
  const client = new ResilientClient({
    ...options,
    endpoints: endpoints.map(({ baseURL, apiKey, weight = 1 }) => {
      return { baseURL, weight, headers: { authorization: `Bearer ${apiKey}` } }
    }),
    onEvent: (event) => {
      if (event.type === 'endpoint_cooled') console.warn(`${event.endpoint} gets no calls for ${event.forMs} ms`)
      options.onEvent?.(event)
    },
  })
  /** Continues a conversation. It goes to the endpoint that has it. */
  const say = (text: string, previous?: string) =>
    client.responses.create({
      model: 'gpt-5.2',
      input: text,
      store: true,
      ...(previous !== undefined && { previous_response_id: previous }),
    })
  return { client, say }
}
