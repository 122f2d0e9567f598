import { AT_ONCE_MS, SILENCE } from '../errors/explain.ts'
import type { AttemptTimes } from '../watchdog/deadlines.ts'

/**
 * A possible cause for an attempt without a first event. A dead endpoint and a proxy that buffers the stream look the
 * same: the connection is accepted at once, and no byte comes. Empty if bytes came.
 */
export function silenceHint({
  connectingAt,
  connectedAt,
  lastByteAt,
}: Pick<AttemptTimes, 'connectingAt' | 'connectedAt' | 'lastByteAt'>): string {
  if (lastByteAt !== undefined) return ''
  // Both are missing on transports that do not see their connections. A reused connection has no connect.
  const tookMs = connectedAt === undefined ? undefined : connectedAt - (connectingAt ?? connectedAt)
  if (tookMs === undefined || tookMs > AT_ONCE_MS) return ''
  return `. ${SILENCE}`
}
