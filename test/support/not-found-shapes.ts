const message = "Previous response with id 'resp_abc' not found."
/** The shapes in which endpoints say that they do not know `previous_response_id`. */
export const NOT_FOUND: ReadonlyArray<readonly [what: string, body: object]> = [
  [
    'error.code',
    {
      error: {
        code: 'previous_response_not_found',
        message,
        type: 'invalid_request_error',
        param: 'previous_response_id',
      },
    },
  ],
  ['error.type only', { error: { type: 'previous_response_not_found', message: 'gone' } }],
  ['param only', { error: { type: 'invalid_request_error', param: 'previous_response_id', message: 'no such thing' } }],
  ['a bare message', { error: { message: 'Invalid `previous_response_id`.' } }],
  ['a bare message, id quoted', { error: { message } }],
  ['a bare message, id not quoted', { error: { message: 'Previous response with id resp_abc not found' } }],
  ['fields at the top level', { code: 'previous_response_not_found', message }],
  [
    'nested in response.failed',
    {
      type: 'response.failed',
      response: { status: 'failed', error: { code: 'previous_response_not_found', message } },
    },
  ],
  ['an error event', { type: 'error', sequence_number: 0, code: 'previous_response_not_found', message }],
]
