import type { Failure } from '../errors/failure.ts'
import type { LostReason } from '../transport/websocket/socket-pool.ts'
import { isOfSocket } from './of-socket.ts'
import type { SocketVerdict } from './socket-plan.ts'

/** For a continuation that only one socket could carry. After a failure its server has forgotten the response, so the call ends. */
export function strictVerdict(failed: Failure): SocketVerdict {
  const isLost = failed.lane !== undefined || failed.code === 'previous_response_not_found' || isOfSocket(failed)
  if (!isLost) return undefined
  return {
    kind: 'lost',
    why: `The attempt on it failed, after which its server has forgotten the response: ${failed.message}`,
  }
}

export const LOST: Readonly<Record<LostReason, string>> = {
  gone: 'That WebSocket is closed.',
  busy: 'That WebSocket is receiving another response.',
  moved_on: 'That WebSocket has received another response since, and its server keeps only the latest.',
  other_key: 'That WebSocket was opened with other headers, or for another address.',
}

export const NOTHING_SENT = 'Nothing was sent.'

export const NOT_ON_SOCKET = `The request cannot be sent on that WebSocket: it needs stream: true, a body of JSON, and no dispatcher. ${NOTHING_SENT}`
