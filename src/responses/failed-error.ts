import {
  keepOutOfPrint,
  type PartialOutput,
  type ResilientErrorDetails,
  UpstreamError,
  type UpstreamWords,
} from '../errors/errors.ts'
import type { ResponseObject } from './schema/index.ts'

/** The endpoint ended the response with `response.failed`. `response` holds its own words. */
export class ResponseFailedError extends UpstreamError {
  override readonly name: string = 'ResponseFailedError'
  /** The failed response, if the endpoint sent one. After an `error` event there may be none. */
  readonly response: ResponseObject | undefined
  /** The output before the failure, where events named the response. Never printed. */
  readonly partial: PartialOutput | undefined

  constructor(
    message: string,
    details: ResilientErrorDetails &
      UpstreamWords & {
        readonly response?: ResponseObject | undefined
        readonly partial?: PartialOutput | undefined
      },
  ) {
    super(message, details)
    // They contain the conversation.
    keepOutOfPrint(this, 'response', details.response)
    keepOutOfPrint(this, 'partial', details.partial)
  }
}
