import { expect, it } from 'vitest'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { runChild } from './support/child.ts'

it('an idle client with WebSockets, even one that is never closed, does not keep the process alive', async () => {
  await using server = await MockResponsesServer.start()
  const { output, exitCode } = await runChild('make-calls.ts', {
    baseURL: server.baseURL,
    apiKey: 'key',
    webSocket: true,
    calls: 20,
    atATime: 4,
  })
  expect(JSON.parse(output)).toEqual({ counts: { ok: 20 }, holding: [] })
  expect(exitCode).toBe(0)
  expect(server.requests.every(({ transport }) => transport === 'websocket')).toBe(true)
  // Each call has a header that is its alone, so that all sockets were idle at the end.
  expect(server.sockets).toHaveLength(21)
})
