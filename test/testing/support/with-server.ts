import { expect } from 'vitest'
import { type Clock, systemClock } from '../../../src/core/clock.ts'
import { MockResponsesServer, type MockServerOptions } from '../../../src/testing/server.ts'

/** Runs a test on a server and sees that nothing of the server is left: no socket, no request, no timer. */
export async function withServer(
  options: MockServerOptions,
  test: (server: MockResponsesServer) => Promise<void>,
): Promise<void> {
  const { clock, armed } = countingClock()
  // Most of these tests send only what they are about. `server.test.ts` checks what a strict server refuses.
  const server = await MockResponsesServer.start({ strict: false, clock, ...options })
  try {
    await test(server)
  } finally {
    await server.close()
  }
  expect(server.stats.connections.open).toBe(0)
  expect(server.stats.sockets.open).toBe(0)
  expect(server.stats.requests.pending).toBe(0)
  expect(armed.size).toBe(0)
}

function countingClock(): { clock: Clock; armed: Set<unknown> } {
  const armed = new Set<unknown>()
  const clock: Clock = {
    ...systemClock,
    setTimer(callback, delayMs) {
      const handle = systemClock.setTimer(() => {
        armed.delete(handle)
        callback()
      }, delayMs)
      armed.add(handle)
      return handle
    },
    clearTimer(handle) {
      armed.delete(handle)
      systemClock.clearTimer(handle)
    },
  }
  return { clock, armed }
}
