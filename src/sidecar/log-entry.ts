/** What is told of one call of a client. Holds no prompt, key, header or query. */
export interface SidecarLogEntry {
  /** When the call came, ISO 8601. */
  readonly time: string
  /** Counted from 1 in each sidecar. */
  readonly id: number
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly model: string | undefined
  /** What the client was answered; `undefined` where it left before. */
  readonly status: number | undefined
  /**
   * `completed`: the whole answer was handed over, an error status included. `interrupted`: it broke off. `left`: the client
   * did. `refused`: the sidecar let the request go no further.
   */
  readonly outcome: 'completed' | 'interrupted' | 'left' | 'refused'
  /** Why a call was refused, failed or was interrupted: a code. */
  readonly code: string | undefined
  /** Requests to the upstream. */
  readonly attempts: number
  /** Until the first byte of the answer's body was sent on. Milliseconds. */
  readonly firstByteMs: number | undefined
  /** Until the end. Milliseconds. */
  readonly ms: number
  readonly bytes: number
}
