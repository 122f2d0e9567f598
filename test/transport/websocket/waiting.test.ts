import { ClientRequest } from 'node:http'
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../src/testing/index.ts'
import { ConnectionPlaces } from '../../../src/transport/connection-places.ts'
import type { Exchange, ExchangeObserver, TransportRequest } from '../../../src/transport/transport.ts'
import { EarlyEvents } from '../../../src/transport/websocket/early-events.ts'
import { socketKeyOf } from '../../../src/transport/websocket/socket-key.ts'
import { WebSocketTransport } from '../../../src/transport/websocket/websocket-transport.ts'
import { withSockets } from '../../client/websocket/scene.ts'
import { countOf, objectsOfEach } from '../../support/count-objects.ts'
import { standIn } from '../../support/typed.ts'
import { FakeWires } from './fake-wires.ts'
import { DEFAULT_WEB_SOCKET } from './settings.ts'

const MANY = 500
/** Of a socket, its exchange, its lease and the wire of the test. A list, a set or a function more would be seen. */
const OBJECTS_OF_ONE = 33

const SILENT: ExchangeObserver = {
  connecting() {},
  connected() {},
  sending() {},
  sent() {},
  head() {},
  data() {},
  end() {},
  error() {},
}

/** Opens sockets, each with a request that was sent and not answered. */
async function waitingOn(transport: WebSocketTransport, wires: FakeWires): Promise<Exchange[]> {
  const key = socketKeyOf(new URL('https://host/v1/responses'), [])
  const exchanges: Exchange[] = []
  while (exchanges.length < MANY) {
    const lease = transport.pool.leaseAny(key, { fresh: true, bytes: 2 })
    if (lease === undefined) throw new Error('no lease')
    lease.carry({ bytes: Buffer.from('{}'), print: undefined, isOnlyCopy: false, hiddenPreviousId: undefined })
    const request = standIn<TransportRequest>({ connection: { socket: lease, strict: false } })
    exchanges.push(transport.send(request, SILENT))
    await Promise.resolve()
    wires.last.open()
  }
  return exchanges
}

// Counting looks at the whole heap.
describe('what a response on a WebSocket keeps while it waits', { timeout: 120_000 }, () => {
  it('early events share their lists while they are empty', async () => {
    const each = await objectsOfEach(async () => Array.from({ length: MANY }, () => new EarlyEvents()))
    expect(Math.round(each)).toBe(1)
  })

  it(`it keeps ${OBJECTS_OF_ONE} objects`, async () => {
    const wires = new FakeWires()
    const transport = new WebSocketTransport({
      settings: { ...DEFAULT_WEB_SOCKET, maxSockets: 2 * MANY },
      clock: new VirtualClock(),
      places: new ConnectionPlaces(),
      open: wires.open,
    })
    await waitingOn(transport, wires)
    const each = await objectsOfEach(() => waitingOn(transport, wires))
    expect(wires.all.map(({ sent }) => sent)).toEqual(Array.from({ length: 2 * MANY }, () => ['{}']))
    expect(Math.round(each)).toBeLessThanOrEqual(OBJECTS_OF_ONE)
    await transport.destroy()
  })

  it('it keeps no request of the upgrade', async () => {
    await withSockets({}, async ({ server, client }) => {
      const count = 20
      const before = countOf(ClientRequest)
      server.script(Array.from({ length: count }, () => ({ at: 'before_event', event: 1, effect: 'stall' }) as const))
      const streams = Array.from({ length: count }, () => client.responses.stream({ model: 'm', input: 'hi' }))
      const responses = Promise.all(streams.map((stream) => stream.finalResponse()))
      await server.waitFor('fault', count)
      expect(client.stats()).toMatchObject({ activeCalls: count, connections: count })
      expect(countOf(ClientRequest)).toBe(before)
      server.release()
      await responses
    })
  })
})
