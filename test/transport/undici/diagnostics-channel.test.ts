import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ResilientClient } from '../../../src/index.ts'
import { textStream } from '../../../src/testing/index.ts'
import { MockResponsesServer } from '../../../src/testing/server.ts'
import { until } from '../../support/until.ts'

let server: MockResponsesServer
const errors: Error[] = []
const onError = (message: unknown): void => {
  errors.push((message as { readonly error: Error }).error)
}
beforeEach(async () => {
  errors.length = 0
  subscribe('undici:request:error', onError)
  server = await MockResponsesServer.start({ respond: () => textStream({ text: 'one two three' }) })
})
afterEach(async () => {
  unsubscribe('undici:request:error', onError)
  await server.close()
})

async function withClient(
  options: ConstructorParameters<typeof ResilientClient>[0],
  use: (client: ResilientClient) => Promise<void>,
): Promise<void> {
  const client = new ResilientClient({ baseURL: server.baseURL, apiKey: 'sk-test', maxRetries: 0, ...options })
  await use(client)
  await client.close()
  expect(client.stats()).toMatchObject({ activeCalls: 0, connections: 0, leases: 0 })
}

const ENDED_BY_US = { name: 'AbortError', code: 'UND_ERR_ABORTED', message: 'the request was ended by its client' }

it('says that the client ended a request which a deadline cut, not that it was never written', async () => {
  server.script([{ at: 'headers', effect: 'stall' }])
  await withClient({ timeouts: { ttfbMs: 50 } }, async (client) => {
    await expect(client.responses.create({ model: 'm', input: 'x' })).rejects.toMatchObject({ code: 'ttfb_timeout' })
  })
  expect(server.requests).toHaveLength(1)
  await until(() => errors.length > 0, 'undici tells of the end')
  expect(errors).toMatchObject([ENDED_BY_US])
})

it('says the same of a stream that its reader leaves', async () => {
  server.script([{ at: 'before_event', event: 6, effect: 'stall' }])
  await withClient({}, async (client) => {
    for await (const { type } of client.responses.stream({ model: 'm', input: 'x' }))
      if (type === 'response.output_text.delta') break
  })
  await until(() => errors.length > 0, 'undici tells of the end')
  expect(errors).toMatchObject([ENDED_BY_US])
})

it('says what happened if the endpoint ended the request', async () => {
  server.script([{ at: 'headers', effect: 'reset' }])
  await withClient({}, async (client) => {
    await expect(client.responses.create({ model: 'm', input: 'x' })).rejects.toMatchObject({
      code: 'connection_reset',
    })
  })
  await until(() => errors.length > 0, 'undici tells of the end')
  expect(errors).toMatchObject([{ code: 'ECONNRESET' }])
})
