import { expect } from 'vitest'
import type { Transport } from '../../../src/transport/transport.ts'
import { type UndiciTransportOptions, undiciTransport } from '../../../src/transport/undici/undici-transport.ts'
import { noClientSocketsLeft } from '../../support/proc-net.ts'
import { RawServer, type RawServerOptions } from '../../support/raw-server.ts'

export interface Setup extends AsyncDisposable {
  readonly transport: Transport
  readonly server: RawServer
  readonly url: string
}

/** A transport and a raw server. At the end of the block both are ended, and nothing of the transport's may be left. */
export async function setup(options: UndiciTransportOptions = {}, serving: RawServerOptions = {}): Promise<Setup> {
  return around(await RawServer.start(serving), options)
}

export function around(server: RawServer, options: UndiciTransportOptions = {}): Setup {
  const transport = undiciTransport(options)
  return {
    transport,
    server,
    url: server.url,
    async [Symbol.asyncDispose]() {
      await transport.destroy()
      expect(transport.stats()).toEqual({ connections: 0, idleConnections: 0, leases: 0, clients: 0 })
      await noClientSocketsLeft(server.port)
      await server.close()
    },
  }
}

/** Answers every request with its own path. */
export function echoing(options: UndiciTransportOptions = {}): Promise<Setup> {
  return RawServer.answering(({ path }, connection) => connection.answer(path)).then((server) =>
    around(server, options),
  )
}
