import type { AttemptTimes } from '../watchdog/deadlines.ts'

/** A connect that takes longer has a distant or busy peer, which may be silent for that reason. */
const AT_ONCE_MS = 1000

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
  return 'The connection was accepted at once, but no byte of an answer came: the endpoint is silent, or a proxy in front of it holds the stream back (nginx: `proxy_buffering off`; see docs/proxies.md)'
}
