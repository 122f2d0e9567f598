import { expect } from 'vitest'
import { traitsOf } from '../../src/call/request-traits.ts'
import type { RoutedCall, SocketPlan, SocketVerdict } from '../../src/call/socket-plan.ts'
import { CallSocketRoute } from '../../src/call/socket-route.ts'
import type { AttemptRecord } from '../../src/errors/attempt-record.ts'
import type { Failure } from '../../src/errors/failure.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import { ConnectionPlaces } from '../../src/transport/connection-places.ts'
import type { HeaderPairs, RequestBody, TransportRequest } from '../../src/transport/transport.ts'
import { Fallback } from '../../src/transport/websocket/fallback.ts'
import { socketKeyOf } from '../../src/transport/websocket/socket-key.ts'
import { SocketLease } from '../../src/transport/websocket/socket-lease.ts'
import { WebSocketTransport } from '../../src/transport/websocket/websocket-transport.ts'
import type { WebSocketSettings } from '../../src/transport/websocket-options.ts'
import { Recorder } from '../support/recorder.ts'
import { standIn } from '../support/typed.ts'
import { type FakeWire, FakeWires } from '../transport/websocket/fake-wires.ts'
import { DEFAULT_WEB_SOCKET } from '../transport/websocket/settings.ts'

export const RESPONSES = new URL('https://api.test/v1/responses')
export const HEADERS: HeaderPairs = [['authorization', 'Bearer a']]

export const user = (content: string) => ({ type: 'message', role: 'user', content }) as const
export const assistant = (text: string) => ({
  type: 'message',
  role: 'assistant',
  content: [{ type: 'output_text', text }],
})
/** A request that is for a socket. */
export const ask = (input: unknown = [user('Hello')], more: object = {}) => ({
  model: 'm',
  stream: true,
  store: false,
  input,
  ...more,
})

/** What a test says about a call. */
export interface GivenCall {
  readonly isRepeatable?: boolean
  readonly dispatcher?: object
  /** In place of the bytes of the JSON. */
  readonly body?: RequestBody
  readonly connectMs?: number
}

/** What a test says about an attempt. */
export interface GivenAttempt {
  readonly headers?: HeaderPairs
  readonly isHedge?: boolean
  readonly isRefreshed?: boolean
}

type OnSocket = Extract<SocketPlan, { kind: 'socket' }>

/** One call, and the ways of its attempts. */
export class RoutedScene {
  readonly #scene: SocketsScene
  readonly route: CallSocketRoute
  readonly text: string

  constructor(scene: SocketsScene, json: object, given: GivenCall) {
    this.#scene = scene
    this.text = JSON.stringify(json)
    const body: RequestBody = given.body ?? { kind: 'bytes', bytes: Buffer.from(this.text) }
    const parsed: RequestBody = { kind: 'bytes', bytes: Buffer.from(this.text) }
    const { isRepeatable = true, dispatcher, connectMs = 0 } = given
    const call: RoutedCall = {
      request: { method: 'POST', ...(dispatcher !== undefined && { dispatcher }) },
      effective: {
        body,
        isRepeatable,
        traits: traitsOf({ method: 'POST', url: RESPONSES, headers: HEADERS, body: parsed }),
      },
      context: { timeouts: { connectMs: { ms: connectMs, source: 'option' } } },
    }
    this.route = new CallSocketRoute(call, scene.source)
  }

  /** How the next attempt is sent. */
  plan({ headers = HEADERS, isHedge = false, isRefreshed = false }: GivenAttempt = {}): SocketPlan {
    return this.route.plan({ url: RESPONSES, headers, isHedge, isRefreshed })
  }

  onSocket(attempt: GivenAttempt = {}): OnSocket {
    const plan = this.plan(attempt)
    if (plan.kind !== 'socket') throw new Error(`not on a socket: ${JSON.stringify(plan)}`)
    return plan
  }

  /** Why the next attempt is sent whole, or over HTTP. A socket that it has taken is given back. */
  because(attempt: GivenAttempt = {}): string {
    const plan = this.plan(attempt)
    if (plan.kind === 'lost') return plan.why
    if (plan.kind === 'socket') plan.connection.socket.release()
    return `${plan.kind} ${plan.facts.wholeBecause}`
  }

  /** What follows after an attempt failed on an open socket, before its first event, unless `record` says otherwise. */
  after(
    { connection }: Pick<OnSocket, 'connection'>,
    failed: Failure,
    record: Partial<AttemptRecord> | undefined = {},
    willRefresh = false,
  ): SocketVerdict {
    const facts = standIn<AttemptRecord>({ generation: 1, connectionReused: false, ...record })
    return this.route.after({ request: { connection }, record: facts }, failed, willRefresh)
  }

  /** One whole response on the next socket. */
  async turn(id: string, output: readonly object[] = [assistant('Hi')]): Promise<FakeWire> {
    return this.#scene.serve(this.onSocket(), id, output)
  }
}

/** The sockets of a client, whose endpoint is the test. */
export class SocketsScene {
  readonly clock = new VirtualClock({ startMs: 1000 })
  readonly wires = new FakeWires()
  readonly transport: WebSocketTransport
  readonly fallback: Fallback
  readonly source: ConstructorParameters<typeof CallSocketRoute>[1]
  readonly #wireOf = new WeakMap<object, FakeWire>()

  constructor(given: Partial<WebSocketSettings> & { readonly maxConnections?: number } = {}) {
    const { maxConnections, ...more } = given
    const settings = { ...DEFAULT_WEB_SOCKET, pingMs: 0, ...more }
    const { clock } = this
    const places = new ConnectionPlaces(maxConnections)
    this.transport = new WebSocketTransport({ settings, clock, places, open: this.wires.open })
    this.fallback = new Fallback({ clock, fallbackMs: settings.fallbackMs })
    this.source = { transport: this.transport, fallback: this.fallback, settings, keyOf: socketKeyOf }
  }

  call(json: object = ask(), given: GivenCall = {}): RoutedScene {
    return new RoutedScene(this, json, given)
  }

  /** Sends an attempt, whose socket is opened. The upgrade is not answered yet. */
  async dial(plan: OnSocket): Promise<FakeWire> {
    this.#send(plan)
    await this.clock.settle()
    return this.wires.last
  }

  /** Sends an attempt. The endpoint upgrades, if the socket is new. */
  async begin(plan: OnSocket) {
    const { clock, wires } = this
    const { socket: lease } = plan.connection
    if (!(lease instanceof SocketLease)) throw new Error('no lease of the pool')
    const { isNew, socket } = lease
    const { recorder, exchange } = this.#send(plan)
    await clock.settle()
    if (isNew && !socket.isOpen) wires.last.open()
    const wire = this.#wireOf.get(socket) ?? wires.last
    this.#wireOf.set(socket, wire)
    return { wire, exchange, socket, recorder }
  }

  /** One whole response. */
  async serve(plan: OnSocket, id: string, output: readonly object[] = []): Promise<FakeWire> {
    const { wire, exchange } = await this.begin(plan)
    wire.say({ type: 'response.created', response: { id } })
    for (const item of output) wire.say({ type: 'response.output_item.done', item })
    wire.say({ type: 'response.completed', response: { id, status: 'completed', output } })
    exchange.drain()
    return wire
  }

  #send({ connection }: OnSocket) {
    const recorder = new Recorder()
    const exchange = this.transport.send(standIn<TransportRequest>({ connection }), recorder)
    recorder.sendReturned = true
    return { recorder, exchange }
  }

  /** Nothing is left of it. */
  async end(): Promise<void> {
    await this.transport.destroy()
    expect(this.transport.stats()).toEqual({ connections: 0, idleConnections: 0, leases: 0, clients: 0 })
    this.clock.assertNothingPending()
  }
}

/** The message that was sent last. */
export const sentOn = ({ sent }: FakeWire): unknown => JSON.parse(sent.at(-1) as string)
