import { once } from 'node:events'
import { createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { createToolClient } from '../../examples/client-cache.ts'

it('examples/client-cache.ts: calls share a session, and one that fails is replaced', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/broken') response.stream.session?.destroy()
    else response.end(`answer to ${request.url}`)
  })
  let sessions = 0
  server.on('session', () => sessions++)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const tools = createToolClient()

  expect(await Promise.all([tools.get(origin, '/a'), tools.get(origin, '/b')])).toEqual([
    'answer to /a',
    'answer to /b',
  ])
  expect(sessions).toBe(1)
  await tools.get(origin, '/broken').catch(() => {})
  expect(await tools.get(origin, '/c')).toBe('answer to /c')
  expect(sessions).toBe(2)

  await tools.close()
  expect(tools.sessions.stats()).toMatchObject({ leases: 0 })
  await new Promise((resolve) => server.close(resolve))
})
