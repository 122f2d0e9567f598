import { expect } from 'vitest'
import { fetchTransport, ResilientClient } from '../../../src/index.ts'
import type { Transport } from '../../../src/transport/transport.ts'
import { noClientSocketsLeft } from '../../support/proc-net.ts'
import type { Subject } from './scene.ts'

/** The reference. What it leaves behind is its own affair. */
export const builtIn: Subject = () => ({ fetch: (input, init) => globalThis.fetch(input, init), end: async () => {} })

/** Ours; when a case is over, nothing of it may be left. */
export const ours: Subject = subjectOver(() => undefined)

export const oursOverTheBuiltIn: Subject = subjectOver(() => fetchTransport(globalThis.fetch))

function subjectOver(transportOf: () => Transport | undefined): Subject {
  return (one) => {
    const transport = transportOf()
    const client = new ResilientClient({
      random: () => 0,
      ...one.client,
      ...(transport === undefined ? {} : { transport }),
    })
    return {
      fetch: client.fetch,
      async end(server) {
        await client.close()
        expect(client.stats()).toMatchObject({ activeCalls: 0, connections: 0, leases: 0, clients: 0 })
        if (transport === undefined) await noClientSocketsLeft(server.port)
      },
    }
  }
}
