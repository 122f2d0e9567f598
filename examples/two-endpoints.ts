/**
 * Two endpoints: calls go to the healthy one, and a conversation stays where it began, also after a restart.
 *
 * Each endpoint has its own key, which the other one never sees.
 */
import { findEndpoint, ResilientClient, type ResilientClientOptions } from 'resilient-responses'

export interface Endpoint {
  readonly baseURL: string
  readonly apiKey: string
  /** Share of the calls, relative to the other one. */
  readonly weight?: number
}

/** Where the program keeps which endpoint has a response: a column beside the id in its database. */
export interface Owners {
  get(responseId: string): Promise<string | undefined>
  set(responseId: string, endpoint: string): Promise<void>
}

export function createFailover(endpoints: readonly Endpoint[], owners: Owners, options: ResilientClientOptions = {}) {
  const client = new ResilientClient({
    ...options,
    endpoints: endpoints.map(({ baseURL, apiKey, weight = 1 }) => {
      return { baseURL, weight, headers: { authorization: `Bearer ${apiKey}` } }
    }),
    endpointOf: (responseId) => owners.get(responseId),
    onEvent: (event) => {
      if (event.type === 'endpoint_cooled') console.warn(`${event.endpoint} gets no calls for ${event.forMs} ms`)
      options.onEvent?.(event)
    },
  })
  /** Continues a conversation. It goes to the endpoint that has it. */
  const say = async (text: string, previous?: string) => {
    const response = await client.responses.create({
      model: 'gpt-5.2',
      input: text,
      store: true,
      ...(previous !== undefined && { previous_response_id: previous }),
    })
    const endpoint = findEndpoint(response)
    if (endpoint !== undefined) await owners.set(response.id, endpoint)
    return response
  }
  return { client, say }
}
