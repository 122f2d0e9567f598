import type { OpenWire } from '../../../src/transport/websocket/wire.ts'
import { networkOf } from './network.ts'

/** Stands in for `src/transport/websocket/ws-wire.ts`: WebSockets of the simulated network. */
export function wsWires(): OpenWire {
  return (request, events) => networkOf(request.url).openSocket(request, events)
}
