/** The log entry of one call of a client. Holds no prompt, key, header or query. */
export interface SidecarLogEntry {
  /** When the call arrived, ISO 8601. */
  readonly time: string
  /** Counted from 1 in each sidecar. */
  readonly id: number
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly model: string | undefined
  /** The status that the client got; `undefined` if it left before. */
  readonly status: number | undefined
  /**
   * `completed`: the client got the whole answer, whatever its status. `interrupted`: the answer broke off, or a stream with
   * status 200 ended with `error` or `response.failed`. `left`: the client closed the connection first. `refused`: the sidecar did
   * not send the request to the upstream.
   */
  readonly outcome: 'completed' | 'interrupted' | 'left' | 'refused'
  /** The code that says why a call was refused, failed or was interrupted. */
  readonly code: string | undefined
  /** Number of requests to the upstream. */
  readonly attempts: number
  /** The codes of the attempts that failed, in order, up to 50. Of a completed call, what it survived. `undefined`: none failed. */
  readonly failures: readonly string[] | undefined
  /** Milliseconds until the first byte of the body was sent to the client. */
  readonly firstByteMs: number | undefined
  /** Milliseconds until the end of the call. */
  readonly ms: number
  readonly bytes: number
}
