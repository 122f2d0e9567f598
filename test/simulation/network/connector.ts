import { networkOf } from './network.ts'
import type { SimSocket } from './sockets.ts'

/** Stands in for `src/transport/undici/connector.ts`: connections of the simulated network. */
export class Connector {
  open(origin: URL, callback: (error: Error | null, socket: SimSocket | null) => void): { destroy(): void } {
    return networkOf(origin).dial(origin, callback)
  }
}
