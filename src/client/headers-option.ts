/** What a `headers` function is told of the attempt that it makes headers for. */
export interface HeadersContext {
  /** Where the attempt goes, with its query. */
  readonly url: string
  readonly method: string
  /** The bytes that are sent, which must not be changed; `undefined` where there is no body, or one that can be read once. */
  readonly body: Uint8Array | undefined
  /** As in telemetry. */
  readonly callId: number
  /** From 1. */
  readonly attempt: number
  /** The credential was refused with a 401: get a new one. Asked once for each credential, however many calls it was refused to. */
  readonly refresh: boolean
  /** Aborted when nobody waits for the headers any more: the call was aborted, or its time or the 30 s for this are over. */
  readonly signal: AbortSignal
}

/**
 * Headers, or what makes them. The function is asked for every attempt, in the asynchronous context of the call
 * (`AsyncLocalStorage`), so that rotated credentials are used, each tenant has its own, and each attempt can be signed. What
 * it returns is sent by that call alone. It has 30 s (`headers_timeout`).
 */
export type HeadersOption =
  | Readonly<Record<string, string>>
  | ((context: HeadersContext) => Readonly<Record<string, string>> | PromiseLike<Readonly<Record<string, string>>>)
