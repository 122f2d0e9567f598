import { expect, it } from 'vitest'
import { MockResponsesServer } from '../../src/testing/server.ts'

it('clearScripts drops what is left of all scripts, and assertConsumed forgets it', async () => {
  await using server = await MockResponsesServer.start()
  const ask = async (): Promise<number> => {
    const body = JSON.stringify({ model: 'm', input: 'hi' })
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${server.baseURL}/responses`, { method: 'POST', headers, body })
    await response.arrayBuffer()
    return response.status
  }
  server.script([{ at: 'headers', effect: 'status', status: 500 }, { at: 'headers', effect: 'reset' }, 'ok'])
  server.script([{ at: 'headers', effect: 'reset' }], { when: () => false })
  server.addFaults({ at: 'headers', effect: 'status', status: 503, times: 1 })
  expect(await ask()).toBe(500)
  expect(() => server.assertConsumed()).toThrow('script 1, entry 2')
  server.clearScripts()
  // Standing faults stay.
  expect(await ask()).toBe(503)
  server.assertConsumed()
  server.script([{ at: 'headers', effect: 'status', status: 409 }])
  expect(await ask()).toBe(409)
  server.assertConsumed()
})
