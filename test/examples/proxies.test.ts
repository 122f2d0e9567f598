import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { describe, expect, it, vi } from 'vitest'
import { createProxy as expressProxy } from '../../examples/express-proxy.ts'
import { createProxy as honoProxy } from '../../examples/hono-proxy.ts'
import { ResilientClient } from '../../src/index.ts'
import { textStream } from '../../src/testing/index.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'

const DONE = 'response.output_text.done'

const PROXIES = {
  'examples/express-proxy.ts': (client: ResilientClient) => createServer(expressProxy(client, 'gpt-5.2')),
  'examples/hono-proxy.ts': (client: ResilientClient) =>
    createServer(getRequestListener(honoProxy(client, 'gpt-5.2').fetch)),
}

async function start(serverOf: (client: ResilientClient) => Server) {
  const endpoint = await MockResponsesServer.start({ respond: () => textStream({ deltas: ['Hel', 'lo'] }) })
  const client = new ResilientClient({ baseURL: endpoint.baseURL, apiKey: 'any', maxRetries: 1 })
  const proxy = serverOf(client)
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/chat`
  return {
    endpoint,
    client,
    ask: (signal?: AbortSignal) => {
      const headers = { 'content-type': 'application/json' }
      return fetch(url, { method: 'POST', headers, body: '{"text":"Hi"}', ...(signal && { signal }) })
    },
    async [Symbol.asyncDispose]() {
      proxy.closeAllConnections()
      await new Promise((resolve) => proxy.close(resolve))
      await client.close()
      expect(client.stats()).toMatchObject({ activeCalls: 0, connections: 0, leases: 0 })
      await endpoint.close()
    },
  }
}

describe.each(Object.entries(PROXIES))('%s', (_, serverOf) => {
  it('sends the text of an answer', async () => {
    await using at = await start(serverOf)
    const answer = await at.ask()
    expect([answer.status, await answer.text()]).toEqual([200, 'Hello'])
  })

  it('ends the call to the endpoint when the browser leaves', async () => {
    await using at = await start(serverOf)
    at.endpoint.script([{ at: 'before_event', type: DONE, effect: 'stall' }])
    const leave = new AbortController()
    const answer = await at.ask(leave.signal)
    await at.endpoint.waitFor('fault')
    leave.abort()
    await expect(answer.text()).rejects.toThrow()
    expect((await at.endpoint.waitFor('request_end')).outcome).toBe('client_gone')
  })

  it('answers a call that failed with a status', async () => {
    await using at = await start(serverOf)
    at.endpoint.script([{ at: 'headers', effect: 'status', status: 400 }])
    const answer = await at.ask()
    expect([answer.status, await answer.json()]).toEqual([502, { error: 'http_status' }])
  })

  it('breaks the connection where the stream breaks after the first piece', async () => {
    await using at = await start(serverOf)
    at.endpoint.script([{ at: 'before_event', type: DONE, effect: 'reset' }])
    // Hono's adapter for Node prints what ends a body.
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
    const answer = await at.ask()
    expect(answer.status).toBe(200)
    await expect(answer.text()).rejects.toThrow()
    printed.mockRestore()
  })
})
