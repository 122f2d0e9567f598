import type { AttemptTimes } from '../watchdog/deadlines.ts'

/** A connection that takes longer was made by something far away or busy, which may well be silent for that reason. */
const AT_ONCE_MS = 1000

/**
 * What an attempt without a first event may have met, for its error. An endpoint that is down and a proxy that buffers the
 * stream look the same from here: the connection is accepted at once, and no byte comes. Empty where bytes came.
 */
export function silenceHint({
  connectingAt,
  connectedAt,
  lastByteAt,
}: Pick<AttemptTimes, 'connectingAt' | 'connectedAt' | 'lastByteAt'>): string {
  if (lastByteAt !== undefined) return ''
  // Both are missing on transports that do not see their connections; a reused one is there from the start.
  const tookMs = connectedAt === undefined ? undefined : connectedAt - (connectingAt ?? connectedAt)
  if (tookMs === undefined || tookMs > AT_ONCE_MS) return ''
  return '. The connection was accepted at once, but no byte of an answer came: the endpoint is silent, or a proxy in front of it holds the stream back (nginx: `proxy_buffering off`; see docs/proxies.md)'
}
