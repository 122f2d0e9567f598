/** The endpoint's process. It is killed and begun anew now and then, as endpoints are. */
import { textStream } from '../../src/testing/index.ts'
import { type MockRequest, MockResponsesServer } from '../../src/testing/server.ts'
import { answerTo, responseIdOf } from './answers.ts'
import { FAULTS } from './faults.ts'

const { port, seed } = JSON.parse(process.argv[2] ?? '{}') as { readonly port?: number; readonly seed?: number }

function respond({ call = 'none', json }: MockRequest) {
  const { background, store } = json as { readonly background?: boolean; readonly store?: boolean }
  return textStream({
    id: responseIdOf(call),
    text: answerTo(call),
    background: background === true,
    store: store === true,
  })
}

process.on('disconnect', () => process.exit())
const server = await MockResponsesServer.start({
  port,
  seed,
  respond,
  faults: FAULTS,
  eventDelayMs: 1,
  keepAliveMs: 500,
})
process.send?.({ port: server.port })
