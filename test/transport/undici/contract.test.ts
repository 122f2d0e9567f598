import { undiciTransport } from '../../../src/transport/undici/undici-transport.ts'
import { startEndpoint } from '../../support/endpoint.ts'
import { noClientSocketsLeft } from '../../support/proc-net.ts'
import { transportContract } from '../contract.ts'

transportContract('undici', async () => {
  const { server, requests } = await startEndpoint()
  return {
    transport: undiciTransport(),
    origin: server.url,
    received: () => requests,
    async close() {
      await noClientSocketsLeft(server.port)
      await server.close()
    },
  }
})
