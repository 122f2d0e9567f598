import { getEventListeners } from 'node:events'
import { expect } from 'vitest'
import type { Clock } from '../../../src/core/clock.ts'
import {
  ResilientClient,
  type ResilientClientOptions,
  type ResilientError,
  type TelemetryEvent,
} from '../../../src/index.ts'
import { type JsonObject, textStream, toSSE } from '../../../src/testing/index.ts'
import { type Fault, MockResponsesServer, type MockServerOptions } from '../../../src/testing/server.ts'
import { testCertificate } from '../../support/certificates.ts'
import type { RawRequest } from '../../support/http-request.ts'
import { noClientSocketsLeft, tcpSockets } from '../../support/proc-net.ts'
import { type RawConnection, RawServer } from '../../support/raw-server.ts'
import { turns, until, within } from '../../support/until.ts'
import { HurriedClock } from './hurried-clock.ts'
import { type Face, type Outcome, outcomeOf } from './outcome.ts'
import { activeResources, resourcesBackTo } from './resources.ts'

export const SCHEMES = ['http', 'https'] as const
export type Scheme = (typeof SCHEMES)[number]

export interface Setting {
  readonly scheme: Scheme
  readonly face: Face
  readonly options?: ResilientClientOptions | ((endpoint: { url: string; port: number }) => ResilientClientOptions)
  readonly server?: MockServerOptions | ((clock: Clock) => MockServerOptions)
  /** A server without a protocol, in place of the mock server: called for every request. */
  readonly raw?: (request: RawRequest, connection: RawConnection, server: RawServer) => void | Promise<void>
  /** Replaces the certificate of an HTTPS endpoint, and what the client trusts. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca?: string }
  /** Name under which the endpoint is addressed. Default: 127.0.0.1. */
  readonly host?: string
  /**
   * `stalls`: when a stall has struck, time passes until something gives it up. `flows`: whatever is waited for comes at
   * once, while a call is under way. `by_hand`: time passes only when the test says so.
   */
  readonly time?: 'stalls' | 'flows' | 'by_hand'
}

export const ANSWER = textStream({ text: 'one two three four five' })
export const ANSWER_TEXT = 'one two three four five'
/** Index of the first event of `ANSWER` that is progress. */
export const FIRST_DELTA = ANSWER.findIndex(({ type }) => type.endsWith('.delta'))

export const CERTIFICATE = testCertificate({ hosts: ['127.0.0.1', 'endpoint.test'] })

export interface CallOptions {
  readonly headers?: Record<string, string>
  /** The address for the drop-in, where it is not the endpoint's. */
  readonly url?: string
  /** Nothing of what comes is kept. */
  readonly forget?: boolean
}

/** Turns after which nothing is on its way any more: a busy machine makes them longer, not fewer. */
const QUIET = 100

/** One client before one endpoint over real sockets, and the check that a scenario left nothing behind. */
export class Stage {
  readonly scheme: Scheme
  readonly face: Face
  readonly clock: HurriedClock
  controller = new AbortController()
  readonly telemetry: TelemetryEvent[] = []
  readonly client: ResilientClient
  readonly url: string
  readonly port: number
  readonly #endpoint: MockResponsesServer | RawServer
  readonly #resources: string
  readonly #time: NonNullable<Setting['time']>
  #over = false

  static async open(setting: Setting): Promise<Stage> {
    // What runs before: other tests' timers, for example the runner's own.
    const resources = activeResources()
    const { scheme, server = {}, raw, tls = CERTIFICATE } = setting
    const clock = new HurriedClock()
    const secure = scheme === 'https' ? { tls: { key: tls.key, cert: tls.cert } } : {}
    if (raw === undefined) {
      const given = typeof server === 'function' ? server(clock) : server
      const mock = await MockResponsesServer.start({ strict: false, respond: () => ANSWER, ...secure, ...given })
      return new Stage(setting, mock, clock, resources)
    }
    const endpoint: RawServer = await RawServer.answering(
      (request, connection) => raw(request, connection, endpoint),
      secure,
    )
    return new Stage(setting, endpoint, clock, resources)
  }

  private constructor(
    setting: Setting,
    endpoint: MockResponsesServer | RawServer,
    clock: HurriedClock,
    resources: string,
  ) {
    this.clock = clock
    this.#time = setting.time ?? 'stalls'
    const { scheme, face, options, tls, host = '127.0.0.1' } = setting
    const time = this.#time
    this.scheme = scheme
    this.face = face
    this.#endpoint = endpoint
    this.#resources = resources
    this.port = endpoint.port
    this.url = `${scheme}://${host}:${this.port}`
    const given = typeof options === 'function' ? options(this) : options
    this.client = new ResilientClient({
      baseURL: `${this.url}/v1`,
      clock: this.clock,
      random: () => 0.5,
      ...(given?.transport === undefined && scheme === 'https'
        ? { tls: { ca: tls?.ca ?? tls?.cert ?? CERTIFICATE.cert } }
        : {}),
      ...given,
      onEvent: (event) => {
        this.telemetry.push(event)
        given?.onEvent?.(event)
        if (event.type === 'retry_decision' && event.decision.retry && event.decision.delayMs > 0 && time === 'stalls')
          void this.#passSleep(event.decision.delayMs)
      },
    })
    if (time === 'stalls' && endpoint instanceof MockResponsesServer) this.#giveUpStalls(endpoint).catch(() => {})
  }

  get server(): MockResponsesServer {
    if (this.#endpoint instanceof MockResponsesServer) return this.#endpoint
    throw new TypeError('the endpoint of this stage is a raw server')
  }

  get raw(): RawServer {
    if (this.#endpoint instanceof RawServer) return this.#endpoint
    throw new TypeError('the endpoint of this stage is a mock server')
  }

  /** Starts a call through the face of this stage, and waits for its outcome. */
  async call(
    body: JsonObject = {},
    { headers = {}, url = this.url, forget = false }: CallOptions = {},
  ): Promise<Outcome> {
    const { client, face, controller } = this
    const given = { client, face, url, headers, forget, signal: controller.signal }
    const outcome = outcomeOf({ ...given, body: { model: 'm', input: 'hi', ...body } })
    if (this.#time === 'flows') void this.#flowUntil(outcome)
    return within(outcome, () => this.#report(), 25_000)
  }

  /** The first answer breaks behind output that was handed over. Only `create()`, which has shown nothing, asks again. */
  scriptInterruption(strike: Fault): void {
    this.server.script(this.face === 'create' ? [strike, 'ok'] : [strike])
  }

  /** For calls behind one that was aborted. */
  renewSignal(): void {
    expect(getEventListeners(this.controller.signal, 'abort')).toEqual([])
    this.controller = new AbortController()
  }

  /** Why attempts failed, in order. */
  get codes(): string[] {
    return this.decisions.map(({ code }) => code)
  }

  get decisions() {
    return this.telemetry.flatMap((event) =>
      event.type === 'retry_decision' ? [{ code: event.code, ...event.decision }] : [],
    )
  }

  /** The caller saw one clean answer, and nothing of what went before. */
  expectWhole({ events, response, text, error }: Outcome, answer: readonly JsonObject[] = ANSWER): void {
    expect(error).toBeUndefined()
    if (this.face === 'stream') expect(events).toEqual(answer)
    if (this.face === 'fetch') expect(text).toBe(toSSE(answer))
    expect(response).toMatchObject({ output: (answer.at(-1) as { response: JsonObject }).response.output })
  }

  /** The call ended with an error of ours, in the shape that its face promises. */
  expectFailed({ error, failure }: Outcome, code: string): ResilientError {
    expect(failure?.code).toBe(code)
    if (this.face === 'fetch') expect(error).toBeInstanceOf(TypeError)
    else expect(error).toBe(failure)
    return failure as ResilientError
  }

  /** The endpoint's own answer came out: as it was from the drop-in, as an error from the typed API. */
  expectAnswered(outcome: Outcome, status: number): void {
    if (this.face !== 'fetch') expect(outcome.failure).toMatchObject({ status })
    else {
      expect(outcome.error).toBeUndefined()
      expect(outcome.status).toBe(status)
    }
  }

  /** Ends client and endpoint, and checks that neither they nor the kernel have anything left of what they did. */
  async nothingIsLeft(): Promise<void> {
    const { client, clock, controller, telemetry, port } = this
    await within(client.close(), () => `close() of the client; ${this.#report()}`)
    const endpoint = this.#endpoint
    if (endpoint instanceof MockResponsesServer) {
      // A server that does not read cannot see the client go.
      endpoint.release()
      if (endpoint.connections.length > 0) await endpoint.waitFor('connection_closed', endpoint.connections.length)
      endpoint.assertConsumed({ allowMore: true })
    } else await until(() => endpoint.open.length === 0, 'the end of all connections')
    expect(client.stats()).toMatchObject({ activeCalls: 0, connections: 0, idleConnections: 0, leases: 0, clients: 0 })
    await noClientSocketsLeft(port)
    expect(clock.pending).toBe(0)
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    const count = (type: TelemetryEvent['type']): number => telemetry.filter((event) => event.type === type).length
    expect(count('attempt_start')).toBe(count('attempt_end'))
    expect(count('call_start')).toBe(count('call_end'))
    const ids = telemetry.flatMap((event) => (event.type === 'call_end' ? [event.callId] : []))
    expect(new Set(ids).size).toBe(ids.length)
    await this.end()
    const open = tcpSockets().filter(({ localPort, owned }) => localPort === port && owned)
    expect(open).toEqual([])
    await resourcesBackTo(this.#resources)
  }

  /** Ends everything at once, whatever its state. */
  async end(): Promise<void> {
    this.#over = true
    await this.client.destroy()
    await this.#endpoint.close()
  }

  async #flowUntil(outcome: Promise<unknown>): Promise<void> {
    let over = false
    void outcome.then(() => {
      over = true
    })
    for (await turns(QUIET); !over; await turns(QUIET)) await this.clock.hurry()
  }

  async #passSleep(ms: number): Promise<void> {
    await turns()
    await this.clock.pass(ms)
  }

  async #giveUpStalls(server: MockResponsesServer): Promise<void> {
    for (let n = 1; !this.#over; n++) {
      const { fault, connection } = await server.waitFor('fault', n, { waitMs: 0 })
      while (fault.effect === 'stall' && connection.open && !this.#over) {
        await turns(10)
        if (connection.open) await this.clock.hurry()
      }
    }
  }

  #report(): string {
    return `an outcome; told so far: ${this.telemetry.map(({ type }) => type).join(', ')}`
  }
}
