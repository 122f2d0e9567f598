/** Counts of a sidecar, at this moment. */
export interface SidecarStats {
  /** Calls under way. */
  readonly calls: number
  /** Calls that have ended. */
  readonly ended: number
  /** Connections of clients, idle ones included. */
  readonly clients: number
  /** WebSockets of clients. */
  readonly sockets: number
  /** Bytes of request bodies that are kept for retries. */
  readonly bufferedBytes: number
  /** Connections to the upstream. */
  readonly connections: number
  readonly isDraining: boolean
}
