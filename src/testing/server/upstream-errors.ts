import type { JsonObject } from '../streams.ts'

/** The body of an error answer, in OpenAI's shape. */
export function errorBody(
  type: string,
  message: string,
  code: string | null = null,
  param: string | null = null,
): JsonObject {
  return { error: { message, type, param, code } }
}

export function previousResponseNotFound(id: string): JsonObject {
  const message = `Previous response with id '${id}' not found.`
  return errorBody('invalid_request_error', message, 'previous_response_not_found', 'previous_response_id')
}

export function responseNotFound(id: string): JsonObject {
  return errorBody('invalid_request_error', `Response with id '${id}' not found.`)
}

/** A typical error of OpenAI for a status. */
export function defaultErrorBody(status: number): JsonObject {
  switch (status) {
    case 401:
      return errorBody('invalid_request_error', 'Incorrect API key provided.', 'invalid_api_key')
    case 403:
      return errorBody(
        'invalid_request_error',
        'You are not allowed to do this.',
        'unsupported_country_region_territory',
      )
    case 404:
      return errorBody('invalid_request_error', 'Not found.')
    case 408:
      return errorBody('timeout_error', 'The request took too long to arrive.', 'request_timeout')
    case 409:
      return errorBody(
        'invalid_request_error',
        'Another process is currently operating on this conversation. Please retry in a few seconds.',
        'conversation_locked',
      )
    case 413:
      return errorBody('invalid_request_error', 'Request body is too large.')
    case 429:
      return errorBody('tokens', 'Rate limit reached for this model.', 'rate_limit_exceeded')
    case 503:
      return errorBody('service_unavailable_error', 'Our servers are currently overloaded.', 'server_is_overloaded')
  }
  if (status >= 500) return errorBody('server_error', 'The server had an error while processing your request.')
  return errorBody('invalid_request_error', 'Your request is invalid.')
}
