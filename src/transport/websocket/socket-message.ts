import type { RequestPrint } from './fit.ts'

/** One `response.create` message, and what its exchange needs to know about it. */
export interface SocketMessage {
  readonly bytes: Uint8Array
  /** Print of the whole request, to be compared with the next one. `undefined`: the next one is not sent as an increment. */
  readonly print: RequestPrint | undefined
  /** Sent with `store: false`: only the server of the socket can continue the response. */
  readonly isOnlyCopy: boolean
  /**
   * Set if the message names a `previous_response_id` that the caller did not send. In events that repeat this id, it is
   * replaced by `null`.
   */
  readonly hiddenPreviousId: string | undefined
}
