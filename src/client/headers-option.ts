/** The argument of a `headers` function: the attempt that it makes headers for. */
export interface HeadersContext {
  /** The address of the attempt, with its query. */
  readonly url: string
  readonly method: string
  /** A copy of the bytes to send. `undefined` without a body, or if the body can be read only once. */
  readonly body: Uint8Array | undefined
  /** As in telemetry. */
  readonly callId: number
  /** From 1. */
  readonly attempt: number
  /**
   * The credential was refused with a 401: get a new one. Set once for each credential, however many calls were
   * refused.
   */
  readonly refresh: boolean
  /**
   * Aborted when the headers are not needed any more: the call was aborted, or its time or the 30 s for this function
   * are over.
   */
  readonly signal: AbortSignal
}

/**
 * Headers, or a function that makes them. The function is called for every attempt, in the asynchronous context of the
 * call (`AsyncLocalStorage`): so credentials can rotate, each tenant can have its own, and each attempt can be signed.
 * Its result is sent by that call only. It may take 30 s (`headers_timeout`).
 */
export type HeadersOption =
  | Readonly<Record<string, string>>
  | ((context: HeadersContext) => Readonly<Record<string, string>> | PromiseLike<Readonly<Record<string, string>>>)
