import { keepOutOfPrint, type ResilientErrorDetails, UpstreamError, type UpstreamWords } from '../errors/errors.ts'
import type { ResponseObject } from './schema/index.ts'

/** The endpoint ended the response with `response.failed`. Its own words are on `response`. */
export class ResponseFailedError extends UpstreamError {
  override readonly name: string = 'ResponseFailedError'
  /** The failed response, where the endpoint sent one: an `error` event may come without. */
  readonly response: ResponseObject | undefined

  constructor(
    message: string,
    details: ResilientErrorDetails & UpstreamWords & { readonly response?: ResponseObject | undefined },
  ) {
    super(message, details)
    // It holds the conversation.
    keepOutOfPrint(this, 'response', details.response)
  }
}
