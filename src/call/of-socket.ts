import type { Failure } from '../errors/failure.ts'

/** Prefix of the codes that are about the socket, not about the request: `websocket_connection_limit_reached`. */
const OF_SOCKET = 'websocket_'

/** The endpoint refused the request because of the socket it came on. The endpoint is alive, and another socket can carry it. */
export function isOfSocket({ upstreamCode }: Pick<Failure, 'upstreamCode'>): boolean {
  return upstreamCode?.startsWith(OF_SOCKET) === true
}
