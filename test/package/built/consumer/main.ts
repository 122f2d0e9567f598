/** What a user of the package writes: compiled and run against the packed package, not against the source. */
import {
  ClientCache,
  createResilientFetch,
  findResilientError,
  isResilientError,
  ResilientClient,
  type ResilientClientOptions,
  ResilientError,
  type TelemetryEvent,
  type Transport,
} from 'resilient-responses'
import { FakeTransport, fake, seededRandom, textStream, VirtualClock } from 'resilient-responses/testing'
import { MockResponsesServer } from 'resilient-responses/testing/server'

const clock = new VirtualClock()
const transport: Transport & FakeTransport = new FakeTransport(
  [fake.connectError('ECONNREFUSED'), fake.respond(textStream({ text: 'survived' }))],
  { clock },
)
const seen: TelemetryEvent['type'][] = []
const options: ResilientClientOptions = {
  transport,
  clock,
  random: seededRandom(1),
  timeouts: { ttfbMs: 'auto', staleMs: 60_000 },
  onEvent: (event) => seen.push(event.type),
}
const client = new ResilientClient(options)
let toldOfUnknownOption = false
try {
  // @ts-expect-error: there is no such option, and the compiler knows before the constructor says so.
  new ResilientClient({ maxAttempts: 3 })
} catch (error) {
  toldOfUnknownOption = isResilientError(error, 'invalid_configuration')
}

// Hosts take a `fetch` of the global type.
const host: { fetch: typeof globalThis.fetch } = { fetch: client.fetch }
const call = host.fetch('https://api.test/v1/responses', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'm', input: 'hi', stream: true }),
})
const text = call.then((response) => response.text())
await clock.runToIdle()
const attempts = transport.requests.length

const refused: unknown = await createResilientFetch({ transport: new FakeTransport([]) })('not an address').catch(
  (error: unknown) => error,
)
const found: ResilientError | undefined = findResilientError(refused)

const cache = new ClientCache<{ key: string }>({
  create: (key) => ({ key }),
  isUsable: () => true,
  destroy: () => {},
  clock,
})
const lease = await cache.acquire('a')
const leased: string = lease.client.key
lease[Symbol.dispose]()

const server = await MockResponsesServer.start()
await server.close()

process.stdout.write(
  JSON.stringify({
    text: (await text).includes('survived'),
    attempts,
    retried: seen.includes('retry_decision'),
    refused: refused instanceof Error,
    found: found === undefined || isResilientError(found),
    leased,
    toldOfUnknownOption,
    branded: new ResilientError('x', { code: 'connection_reset' }) instanceof ResilientError,
  }),
)
