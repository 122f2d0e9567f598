import { fetchTransport } from '../../src/transport/fetch-transport.ts'
import { startEndpoint } from '../support/endpoint.ts'
import { transportContract } from './contract.ts'
import { mockFetch } from './mock-fetch.ts'

transportContract('the built-in fetch', async () => {
  const { server, requests } = await startEndpoint()
  return {
    transport: fetchTransport(globalThis.fetch),
    origin: server.url,
    received: () => requests,
    close: () => server.close(),
  }
})

transportContract('a mock fetch', () => {
  const { fetch, received, problems } = mockFetch()
  return {
    transport: fetchTransport(fetch),
    origin: 'https://mock.test',
    received: () => received,
    async close() {
      if (problems.length > 0) throw new Error(problems.join('; '))
    },
  }
})
