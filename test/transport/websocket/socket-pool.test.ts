import { describe, expect, it } from 'vitest'
import type { ClientLifecycleEvent } from '../../../src/index.ts'
import { VirtualClock } from '../../../src/testing/index.ts'
import { ConnectionPlaces } from '../../../src/transport/connection-places.ts'
import { type SocketKey, socketKeyOf } from '../../../src/transport/websocket/socket-key.ts'
import type { SocketLease } from '../../../src/transport/websocket/socket-lease.ts'
import { SocketPool } from '../../../src/transport/websocket/socket-pool.ts'
import type { WebSocketSettings } from '../../../src/transport/websocket-options.ts'
import { Recorder } from '../../support/recorder.ts'
import { type FakeWire, FakeWires } from './fake-wires.ts'
import { DEFAULT_WEB_SOCKET } from './settings.ts'

const URL_A = 'https://api.test/v1/responses'
const keyOf = (token: string, url = URL_A): SocketKey => socketKeyOf(new URL(url), [['authorization', token]])
const KEY = keyOf('a')
const ANY = { fresh: false, bytes: 100 }
const FRESH = { fresh: true, bytes: 100 }

function scene(given: Partial<WebSocketSettings> & { readonly maxConnections?: number } = {}) {
  const { maxConnections, ...settings } = given
  const clock = new VirtualClock()
  const wires = new FakeWires()
  const events: ClientLifecycleEvent[] = []
  const places = new ConnectionPlaces(maxConnections)
  const pool = new SocketPool({
    settings: { ...DEFAULT_WEB_SOCKET, pingMs: 0, ...settings },
    clock,
    places,
    open: wires.open,
    onEvent: (event) => events.push(event),
  })
  let responses = 0
  return {
    clock,
    wires,
    events,
    places,
    pool,
    /** Begins a response on a leased socket, up to its first event. */
    async begin(lease: SocketLease, { store = false } = {}) {
      const id = `resp_${++responses}`
      lease.carry({
        bytes: Buffer.from('{}'),
        print: undefined,
        isOnlyCopy: !store,
        hiddenPreviousId: undefined,
      })
      const isNew = lease.isNew
      const recorder = new Recorder()
      const exchange = lease.start(recorder, () => {})
      recorder.sendReturned = true
      await clock.settle()
      const wire = wireOf(lease, wires)
      if (isNew) wire.open()
      wire.say({ type: 'response.created', response: { id } })
      return { id, wire, exchange, recorder }
    },
    /** One whole response on it. */
    async serve(lease: SocketLease, facts: { readonly store?: boolean } = {}) {
      const { id, wire, exchange } = await this.begin(lease, facts)
      wire.say({ type: 'response.completed', response: { id, output: [] } })
      exchange.drain()
      return id
    },
  }
}

const wiresOf = new WeakMap<object, FakeWire>()
function wireOf({ socket }: SocketLease, wires: FakeWires): FakeWire {
  const wire = wiresOf.get(socket) ?? wires.last
  wiresOf.set(socket, wire)
  return wire
}

function leased(lease: SocketLease | string | undefined): SocketLease {
  if (lease === undefined || typeof lease === 'string') throw new Error(`no lease: ${lease}`)
  return lease
}

describe('a pool of sockets', () => {
  it('gives a socket to one response at a time, and again when the response has ended', async () => {
    const at = scene()
    const first = leased(at.pool.leaseAny(KEY, ANY))
    const beside = leased(at.pool.leaseAny(KEY, ANY))
    expect(beside.socket).not.toBe(first.socket)
    await at.serve(first, { store: true })
    beside.release()
    expect(leased(at.pool.leaseAny(KEY, ANY)).socket).toBe(first.socket)
    expect(at.pool.stats()).toMatchObject({ leases: 1, idle: 0 })
  })

  it('keeps callers with other credentials, or other addresses, on separate sockets', async () => {
    const at = scene()
    await at.serve(leased(at.pool.leaseAny(KEY, ANY)), { store: true })
    for (const key of [keyOf('b'), keyOf('a', 'https://other.test/v1/responses')])
      expect(leased(at.pool.leaseAny(key, ANY)).isNew).toBe(true)
    expect(at.pool.idleOf(KEY)).toHaveLength(1)
  })

  it('opens a fresh socket on request', async () => {
    const at = scene()
    const lease = leased(at.pool.leaseAny(KEY, ANY))
    await at.serve(lease, { store: true })
    expect(leased(at.pool.leaseAny(KEY, FRESH)).socket).not.toBe(lease.socket)
  })

  it('keeps nothing of a lease that is given back unused', async () => {
    const at = scene()
    leased(at.pool.leaseAny(KEY, ANY)).release()
    await at.clock.settle()
    expect(at.pool.stats()).toEqual({ sockets: 0, idle: 0, leases: 0 })
    await at.serve(leased(at.pool.leaseAny(KEY, ANY)), { store: true })
    leased(at.pool.leaseAny(KEY, ANY)).release()
    expect(at.pool.stats()).toEqual({ sockets: 1, idle: 1, leases: 0 })
  })

  describe('with a conversation that only the server of a socket keeps', () => {
    it('opens another socket for another conversation, up to eight, and then takes the one idle longest', async () => {
      const at = scene()
      const sockets = []
      for (let i = 0; i < 8; i++) {
        const lease = leased(at.pool.leaseAny(KEY, ANY))
        sockets.push(lease.socket)
        await at.serve(lease)
        await at.clock.advance(10)
      }
      expect(new Set(sockets).size).toBe(8)
      expect(leased(at.pool.leaseAny(KEY, ANY)).socket).toBe(sockets[0])
    })

    it('never gives one up whose callers continue by id, and says so when there is no room', async () => {
      const at = scene({ maxSockets: 2 })
      const id = await at.serve(leased(at.pool.leaseAny(KEY, ANY)))
      const second = await at.serve(leased(at.pool.leaseOwner(id, KEY)))
      await at.serve(leased(at.pool.leaseAny(KEY, ANY)))
      expect(at.pool.leaseAny(KEY, ANY)).toBeUndefined()
      expect(leased(at.pool.leaseOwner(second, KEY)).socket.latestResponseId).toBe(second)
    })

    it('continues it only on its socket, while it is the latest there', async () => {
      const at = scene()
      const lease = leased(at.pool.leaseAny(KEY, ANY))
      const id = await at.serve(lease)
      expect(at.pool.isOnlyCopy(id)).toBe(true)
      expect(at.pool.leaseOwner(id, keyOf('b'))).toBe('other_key')
      const owner = leased(at.pool.leaseOwner(id, KEY))
      expect(owner.socket).toBe(lease.socket)
      expect(at.pool.leaseOwner(id, KEY)).toBe('busy')
      const next = await at.serve(owner)
      expect(at.pool.leaseOwner(id, KEY)).toBe('moved_on')
      leased(at.pool.leaseOwner(next, KEY)).socket.destroy()
      expect(at.pool.leaseOwner(next, KEY)).toBe('gone')
      expect(at.pool.isOnlyCopy(next)).toBe(true)
    })

    it('is known from its first event on, and lost where its server refuses the continuation', async () => {
      const at = scene()
      const lease = leased(at.pool.leaseAny(KEY, ANY))
      const { id, wire, exchange } = await at.begin(lease)
      expect(at.pool.leaseOwner(id, KEY)).toBe('busy')
      wire.say({ type: 'response.completed', response: { id, output: [] } })
      exchange.drain()
      const again = leased(at.pool.leaseOwner(id, KEY))
      again.carry({
        bytes: Buffer.from('{}'),
        print: undefined,
        isOnlyCopy: true,
        hiddenPreviousId: undefined,
      })
      const recorder = new Recorder()
      const refused = again.start(recorder, () => {})
      recorder.sendReturned = true
      await at.clock.settle()
      wire.say({ type: 'error', status: 400, error: { message: 'no' } })
      refused.drain()
      expect(at.pool.leaseOwner(id, KEY)).toBe('gone')
      expect(at.pool.isOnlyCopy('resp_of_http')).toBe(false)
    })

    it('outlives maxAgeMs until it was idle for idleMs; any other socket takes no response then, and closes', async () => {
      const at = scene({ maxAgeMs: 50_000, idleMs: 300_000 })
      const kept = await at.begin(leased(at.pool.leaseAny(KEY, ANY)))
      const other = await at.begin(leased(at.pool.leaseAny(KEY, ANY)), { store: true })
      await at.clock.advance(60_000)
      for (const { wire, id, exchange } of [kept, other]) {
        wire.say({ type: 'response.completed', response: { id, output: [] } })
        exchange.drain()
      }
      expect([kept.wire.closeCodes, other.wire.closeCodes]).toEqual([[], [1000]])
      expect(leased(at.pool.leaseAny(KEY, ANY)).isNew).toBe(true)
      leased(at.pool.leaseOwner(kept.id, KEY)).release()
      await at.clock.advance(300_000)
      expect(kept.wire.closeCodes).toEqual([1000])
    })
  })

  describe('with bounds', () => {
    it('has at most maxSockets at an origin: idle ones of other callers give way, those in use do not', async () => {
      const at = scene({ maxSockets: 2 })
      await at.serve(leased(at.pool.leaseAny(KEY, ANY)), { store: true })
      leased(at.pool.leaseAny(keyOf('b'), ANY))
      expect(leased(at.pool.leaseAny(keyOf('c'), ANY)).isNew).toBe(true)
      expect(at.wires.all[0]?.closeCodes).toEqual([1000])
      expect(at.pool.leaseAny(keyOf('d'), ANY)).toBeUndefined()
      expect(leased(at.pool.leaseAny(keyOf('d', 'https://other.test/v1/responses'), ANY)).isNew).toBe(true)
    })

    it('counts with the HTTP connections of the client: theirs give way first, then the oldest idle socket', async () => {
      const at = scene({ maxConnections: 2 })
      const ended: string[] = []
      let http = 0
      const places = at.places
      const endIdle = (): boolean => {
        if (http === 0) return false
        http--
        ended.push('http')
        return true
      }
      places.join({ countTo: () => http, endIdle })
      await at.serve(leased(at.pool.leaseAny(KEY, ANY)), { store: true })
      http = 1
      expect(places.mayOpen('https://api.test')).toBe(false)
      const second = leased(at.pool.leaseAny(keyOf('b'), ANY))
      // Sockets joined first here: in a client the HTTP connections do.
      expect(at.wires.all[0]?.closeCodes).toEqual([1000])
      expect(second.isNew).toBe(true)
      places.enterAnyway('https://api.test')
      expect(at.pool.leaseAny(keyOf('c'), ANY)).toBeUndefined()
      places.leave('https://api.test')
      expect(leased(at.pool.leaseAny(keyOf('c'), ANY)).isNew).toBe(true)
      expect(ended).toEqual(['http'])
    })

    it('remembers the bound for messages that a server announces, and leaves sockets alone that take less', async () => {
      const at = scene()
      const lease = leased(at.pool.leaseAny(KEY, ANY))
      lease.carry({
        bytes: Buffer.alloc(50),
        print: undefined,
        isOnlyCopy: false,
        hiddenPreviousId: undefined,
      })
      const recorder = new Recorder()
      lease.start(recorder, () => {})
      recorder.sendReturned = true
      await at.clock.settle()
      at.wires.last.open(40)
      expect(recorder.failure).toMatchObject({ code: 'ERR_RESILIENT_SOCKET_CLOSED', closeCode: 1009 })
      expect(at.wires.last.sent).toEqual([])
      expect(at.pool.maxMessageBytes(KEY)).toBe(40)
      expect(at.pool.idleOf(KEY)).toHaveLength(1)
      expect(leased(at.pool.leaseAny(KEY, { fresh: false, bytes: 41 })).isNew).toBe(true)
    })
  })

  it('closes the idle sockets of a credential that was replaced, and leaves those in use', async () => {
    const at = scene()
    const busy = leased(at.pool.leaseAny(KEY, ANY))
    await at.serve(leased(at.pool.leaseAny(KEY, ANY)), { store: true })
    at.pool.retire(KEY)
    expect(at.pool.idleOf(KEY)).toEqual([])
    expect(busy.socket.hasEnded).toBe(false)
  })

  it('opens a socket ahead, within a time, and keeps no process alive by it', async () => {
    const at = scene()
    const told: unknown[] = []
    expect(at.pool.prepare(KEY, 1000, (end) => told.push(typeof end === 'object' ? end.kind : end))).toBe(true)
    expect(at.wires.last.keepsAlive).toBe(false)
    at.wires.last.open()
    expect(told).toEqual([undefined])
    expect(leased(at.pool.leaseAny(KEY, FRESH)).isNew).toBe(true)
    at.pool.prepare(KEY, 1000, (end) => told.push(typeof end === 'object' ? end.kind : end))
    at.wires.last.end({ kind: 'refused', status: 426, headers: [], body: Buffer.alloc(0) })
    at.pool.prepare(KEY, 1000, (end) => told.push(typeof end === 'object' ? end.kind : end))
    await at.clock.advance(1000)
    expect(told).toEqual([undefined, 'refused', 'failed'])
    expect(at.wires.last.isDestroyed).toBe(true)
  })

  it('gives up a socket that is opened ahead where its place is needed, and at its own end', async () => {
    for (const end of ['place', 'close', 'destroy'] as const) {
      const at = scene({ maxConnections: 1 })
      const told: unknown[] = []
      expect(at.pool.prepare(KEY, 1000, (ended) => told.push(ended))).toBe(true)
      at.wires.last.connect()
      if (end === 'place') at.places.makeRoom(KEY.url.origin)
      else await at.pool[end]()
      expect(told).toEqual(['given_up'])
      expect(at.wires.last.isDestroyed).toBe(true)
      expect(at.places.mayOpen(KEY.url.origin)).toBe(true)
      await at.clock.settle()
      at.clock.assertNothingPending()
    }
  })

  it('does not tell that a socket is poisoned that never opened, or has ended by itself', async () => {
    const at = scene()
    const refused = leased(at.pool.leaseAny(KEY, ANY))
    at.pool.poison(refused.socket, 'upgrade_refused')
    const { exchange, wire } = await at.begin(leased(at.pool.leaseAny(KEY, ANY)))
    wire.closed(1006)
    exchange.poison('socket_closed')
    expect(at.events.map(({ type }) => type)).toEqual(['client_created', 'client_evicted'])
  })

  it('reports each socket as a separate cached client, and poisons no other', async () => {
    const at = scene()
    const first = await at.begin(leased(at.pool.leaseAny(KEY, ANY)))
    const other = await at.begin(leased(at.pool.leaseAny(KEY, ANY)))
    first.exchange.poison('idle_timeout')
    first.exchange.destroy()
    await at.clock.settle()
    const key = 'wss://api.test/v1/responses'
    expect(at.events).toEqual([
      { type: 'client_created', key, generation: 1 },
      { type: 'client_created', key, generation: 2 },
      { type: 'client_poisoned', key, generation: 1, reason: 'idle_timeout' },
      { type: 'client_evicted', key, generation: 1 },
      { type: 'client_destroyed', key, generation: 1 },
    ])
    expect(other.exchange).toBeDefined()
    expect(other.wire.isDestroyed).toBe(false)
  })

  it('drains on close: idle sockets close at once, the others after their response', async () => {
    const at = scene()
    await at.serve(leased(at.pool.leaseAny(KEY, ANY)), { store: true })
    const [idle] = at.wires.all
    const busy = await at.begin(leased(at.pool.leaseAny(KEY, FRESH)))
    let isClosed = false
    void at.pool.close().then(() => {
      isClosed = true
    })
    expect(idle?.closeCodes).toEqual([1000])
    await at.clock.advance(1000)
    expect([idle?.isDestroyed, isClosed, busy.wire.isDestroyed]).toEqual([true, false, false])
    expect(at.pool.leaseAny(KEY, FRESH)).toBeUndefined()
    busy.wire.say({ type: 'response.completed', response: { id: busy.id, output: [] } })
    busy.exchange.drain()
    expect(busy.wire.closeCodes).toEqual([1000])
    await at.clock.advance(1000)
    expect(isClosed).toBe(true)
    at.clock.assertNothingPending()
  })
})
