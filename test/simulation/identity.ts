/** Names the call of a request. On a WebSocket it belongs to one turn, so that calls with other values share sockets. */
export const CALL_HEADER = 'x-correlation-id'

/** Names the call of a message on a WebSocket, as metadata of its body. */
export const CALL_FIELD = 'sim_call'

/** What `onPreviousResponseNotFound` makes of a request. */
export function rebuilt(body: object): Record<string, unknown> {
  const { metadata } = body as { readonly metadata?: unknown }
  return { model: 'gpt-5.2', input: REBUILT_INPUT, ...(metadata === undefined ? {} : { metadata }) }
}

export const REBUILT_INPUT = [{ role: 'user', content: 'all of it' }]
