import { expect, it } from 'vitest'
import { ResilientClient } from '../../src/index.ts'
import { openTelemetry } from '../../src/opentelemetry/index.ts'
import { textStream } from '../../src/testing/index.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { startSdk, treeOf } from './rig.ts'

it('a call that resumes a background response is below the span of the caller, as the call that made it', async () => {
  const sdk = startSdk()
  const server = await MockResponsesServer.start({
    respond: () => textStream({ text: 'one two three' }),
  })
  const client = new ResilientClient({
    baseURL: server.baseURL,
    apiKey: 'sk-test',
    instrumentations: [openTelemetry()],
  })
  server.script([{ at: 'before_event', event: 6, effect: 'reset' }, 'ok'])
  await sdk.tracerProvider.getTracer('agent').startActiveSpan('turn', async (turn) => {
    await client.responses.stream({ model: 'm', input: 'x', background: true, store: true }).finalResponse()
    turn.end()
  })
  expect(treeOf(sdk.spans, ({ name }) => name)).toEqual(['turn', '  chat m', '    POST', '  GET', '    GET'])
  await client.close()
  await server.close()
  await sdk.stop()
})
