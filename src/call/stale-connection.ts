import type { Failure } from '../errors/failure.ts'
import type { ConnectionInfo } from '../transport/transport.ts'
import type { AttemptTimes } from '../watchdog/deadlines.ts'

/**
 * A socket that was closed before the request came fails within a round trip: its reset answers the first packet. One
 * second is a long round trip. An endpoint that resets later has received the request, and may have worked on it.
 */
const STALE_WITHIN_MS = 1000

/**
 * Whether a reused connection died before the request came: it broke before the first byte of an answer, and at most 1
 * s after the request began to be written. Such a request is sent again as a transparent retry. Pure.
 */
export function diedAsStale(
  failed: Failure | undefined,
  connection: ConnectionInfo | undefined,
  { connectedAt, lastByteAt }: Readonly<Pick<AttemptTimes, 'connectedAt' | 'lastByteAt'>>,
  endedAt: number,
): boolean {
  const died = failed?.code === 'connection_reset' || failed?.code === 'connection_closed'
  if (!died || connection?.reused !== true || lastByteAt !== undefined || connectedAt === undefined) return false
  return endedAt - connectedAt <= STALE_WITHIN_MS
}
