import type { FaultEffect } from './faults.ts'
import type { MockRequest, MockSocket } from './records.ts'
import type { MockServerStats, MockTraffic } from './report.ts'
import type { History } from './steps.ts'

/** Totals over everything that happened so far. */
export function statsOf({ connections, sockets, requests, faults }: History): MockServerStats {
  const byPath: Record<string, number> = {}
  for (const { path } of requests) byPath[path] = (byPath[path] ?? 0) + 1
  const byEffect: Partial<Record<FaultEffect, number>> = {}
  for (const { fault } of faults) byEffect[fault.effect] = (byEffect[fault.effect] ?? 0) + 1
  const byTransport = { http: trafficOf([]), websocket: trafficOf([]) }
  for (const transport of ['http', 'websocket'] as const) {
    byTransport[transport] = trafficOf(requests.filter((request) => request.transport === transport))
  }
  const calls = Map.groupBy(
    requests.filter(({ call }) => call !== undefined),
    ({ call }) => call as string,
  )
  const sum = (what: (socket: MockSocket) => number) => sockets.reduce((total, socket) => total + what(socket), 0)
  return {
    connections: { total: connections.length, open: connections.filter(({ open }) => open).length },
    requests: {
      total: requests.length,
      pending: requests.filter(({ outcome }) => outcome === 'pending').length,
      byPath,
    },
    sockets: {
      total: sockets.length,
      open: sockets.filter(({ open }) => open).length,
      refused: sockets.filter(({ status }) => status !== undefined && status !== 101).length,
      receivedMessages: sum(({ receivedMessages }) => receivedMessages),
      receivedBytes: sum(({ receivedBytes }) => receivedBytes),
      sentMessages: sum(({ sentMessages }) => sentMessages),
      sentBytes: sum(({ sentBytes }) => sentBytes),
    },
    byTransport,
    byCall: Object.fromEntries([...calls].map(([call, theirs]) => [call, trafficOf(theirs)])),
    inputTokens: requests.reduce((total, { inputTokens }) => total + inputTokens, 0),
    faults: { total: faults.length, byEffect },
  }
}

function trafficOf(requests: readonly MockRequest[]): MockTraffic {
  const traffic = { requests: requests.length, bodyBytes: 0, inputTokens: 0, sentEvents: 0 }
  for (const { body, inputTokens, sentEvents } of requests) {
    traffic.bodyBytes += body.length
    traffic.inputTokens += inputTokens
    traffic.sentEvents += sentEvents
  }
  return traffic
}
