import { expect } from 'vitest'
import { ResilientClient } from '../../../src/index.ts'
import { type Fault, type MockRequest, MockResponsesServer } from '../../../src/testing/server.ts'
import { type BlackHole, blackHole } from '../../support/black-hole.ts'
import { testCertificate } from '../../support/certificates.ts'
import { clientSockets, noClientSocketsLeft } from '../../support/proc-net.ts'
import { RawServer } from '../../support/raw-server.ts'
import { pause, turns, until, within } from '../../support/until.ts'
import { type Act, ANSWER, type CertificateFault, isBody, isConnect, isFaults } from './acts.ts'
import { HurriedClock } from './hurried-clock.ts'
import type { Face } from './outcome.ts'
import { answeringWith } from './raw-body.ts'
import { NAME, resolving } from './resolver.ts'
import { activeResources, resourcesBackTo } from './resources.ts'
import type { Beside, Case } from './row.ts'
import { type SeenRequest, Stage } from './stage.ts'

export const SCHEMES = ['http', 'https'] as const
export type Scheme = (typeof SCHEMES)[number]

export const CERTIFICATE = testCertificate({ hosts: ['127.0.0.1', NAME] })

/** The certificate of the endpoint, and what the client trusts. */
const CERTIFICATES: Record<CertificateFault, { readonly key: string; readonly cert: string; readonly ca?: string }> = {
  expired: testCertificate({ hosts: ['127.0.0.1'], expired: true }),
  self_signed: { ...testCertificate({ hosts: ['127.0.0.1'] }), ca: CERTIFICATE.cert },
  of_another_host: testCertificate({ hosts: ['other.test'] }),
}

/** Turns after which nothing is on its way any more: a busy machine makes them longer, not fewer. */
const QUIET = 100
const QUIET_MS = 2

interface Parts {
  readonly scheme: Scheme
  readonly face: Face
  readonly case: Case
  readonly endpoint: MockResponsesServer | RawServer
  readonly clock: HurriedClock
  readonly resources: string
  readonly hole: BlackHole | undefined
  readonly beside: Beside | undefined
}

/** A client in front of an endpoint on a socket of this machine, in real time that can be hurried. */
export class SocketStage extends Stage {
  readonly on = 'sockets'
  readonly clock: HurriedClock
  readonly client: ResilientClient
  readonly url: string
  readonly port: number
  readonly scheme: Scheme
  readonly #endpoint: MockResponsesServer | RawServer
  readonly #resources: string
  readonly #time: NonNullable<Case['time']>
  #hole: BlackHole | undefined
  readonly #holeBefore: object | undefined
  #beside: Beside | undefined
  #over = false

  static async open(scheme: Scheme, face: Face, given: Case): Promise<SocketStage> {
    // What runs before: other tests' timers, for example the runner's own.
    const resources = activeResources()
    const { endpoint: acts = [], answer = ANSWER, everyMs = 0, sockets = {} } = given
    const clock = new HurriedClock()
    const { key, cert } = certificateOf(given) ?? CERTIFICATE
    const secure = scheme === 'https' ? { tls: { key, cert } } : {}
    const [first] = acts
    const raw = sockets.raw ?? (isBody(first) ? answeringWith(first) : undefined)
    const respond = ({ number }: MockRequest) => (typeof answer === 'function' ? answer(number) : answer)
    const endpoint =
      raw === undefined
        ? await MockResponsesServer.start({
            clock,
            waitMs: 0,
            respond,
            eventDelayMs: everyMs,
            ...secure,
            ...sockets.server,
          })
        : await RawServer.answering(raw, secure)
    const isLost = acts.some((act) => isConnect(act) && act.connect === 'never')
    const hole = isLost ? await blackHole() : undefined
    const beside = await sockets.beside?.()
    return new SocketStage({ scheme, face, case: given, endpoint, clock, resources, hole, beside })
  }

  private constructor({ scheme, face, case: given, endpoint, clock, resources, hole, beside }: Parts) {
    super(face)
    const { options, endpoint: acts = [], always, time = 'stalls' } = given
    this.clock = clock
    this.scheme = scheme
    this.#time = time
    this.#endpoint = endpoint
    this.#resources = resources
    this.#hole = hole
    this.#beside = beside
    this.#holeBefore = hole && clientSockets(hole.port)
    this.port = endpoint.port
    const connects = acts.flatMap((act) => (isConnect(act) && act.connect !== 'never' ? [act.connect] : []))
    if (connects.length > 0) resolving(...connects)
    const host = connects.length > 0 ? NAME : '127.0.0.1'
    this.url = hole === undefined ? `${scheme}://${host}:${this.port}` : hole.url.replace('http:', `${scheme}:`)
    const certificate = certificateOf(given)
    const trusted = certificate?.ca ?? certificate?.cert ?? CERTIFICATE.cert
    this.client = new ResilientClient({
      baseURL: `${this.url}/v1`,
      apiKey: 'sk-test',
      clock: this.clock,
      random: () => 0.5,
      ...(scheme === 'https' && { tls: { ca: trusted } }),
      ...options,
      ...beside?.options,
      onEvent: (event) => {
        this.telemetry.push(event)
        options?.onEvent?.(event)
        if (event.type === 'retry_decision' && event.decision.retry && event.decision.delayMs > 0 && time === 'stalls')
          void this.#passSleep(event.decision.delayMs)
      },
    })
    if (!(endpoint instanceof MockResponsesServer)) return
    endpoint.remember('resp_before')
    this.plays(acts)
    if (always !== undefined) this.always(always)
    if (time === 'stalls') this.#giveUpStalls(endpoint).catch(() => {})
  }

  get server(): MockResponsesServer {
    if (this.#endpoint instanceof MockResponsesServer) return this.#endpoint
    throw new TypeError('the endpoint of this stage is a raw server')
  }

  get raw(): RawServer {
    if (this.#endpoint instanceof RawServer) return this.#endpoint
    throw new TypeError('the endpoint of this stage is a mock server')
  }

  get requests(): readonly SeenRequest[] {
    return this.server.requests.map((request) => this.#seen(request))
  }

  plays(acts: readonly Act[], { call }: { readonly call?: string } = {}): void {
    const entries = acts.filter((act) => act === 'ok' || isFaults(act))
    if (entries.length > 0) this.server.script(entries, call === undefined ? {} : { call })
  }

  always(fault: Fault, when: (request: SeenRequest) => boolean = () => true): void {
    if (fault.at === 'accept') throw new TypeError('before the request is known, nothing can be asked of it')
    this.server.addFaults({ ...fault, when: (request: MockRequest) => when(this.#seen(request)) } as Fault)
  }

  calm(): void {
    this.server.clearFaults()
  }

  async struck(count = 1): Promise<void> {
    await within(this.server.waitFor('fault', count), () => `fault ${count}; ${this.report()}`)
    await this.settle()
  }

  pass(ms: number): Promise<void> {
    return this.clock.pass(ms)
  }

  jump(): never {
    throw new TypeError('real time does not jump: say only: fakes')
  }

  async settle(): Promise<void> {
    await turns(QUIET)
    await pause(QUIET_MS)
    await turns()
  }

  protected follow(outcome: Promise<unknown>): void {
    if (this.#time === 'flows' || this.#hole !== undefined) void this.#flowUntil(outcome)
  }

  /** Checks that neither client and endpoint nor the kernel have anything left of what they did. */
  async nothingIsLeft(): Promise<void> {
    const { client, clock, port } = this
    await within(client.close(), () => `close() of the client; ${this.report()}`)
    await this.#closeBeside()
    const endpoint = this.#endpoint
    if (endpoint instanceof MockResponsesServer) {
      // A server that does not read cannot see the client go.
      endpoint.release()
      const { length } = endpoint.connections
      if (length > 0) await within(endpoint.waitFor('connection_closed', length), 'the end of all connections')
      endpoint.assertConsumed({ allowMore: true })
    } else await until(() => endpoint.open.length === 0, 'the end of all connections')
    this.expectClientDone()
    await noClientSocketsLeft(port)
    expect(clock.pending).toBe(0)
    if (this.#hole !== undefined) expect(clientSockets(this.#hole.port)).toEqual(this.#holeBefore)
    await this.end()
    await resourcesBackTo(this.#resources)
  }

  async end(): Promise<void> {
    this.#over = true
    await this.client.destroy()
    await this.#closeBeside()
    await this.#endpoint.close()
    const hole = this.#hole
    this.#hole = undefined
    await hole?.[Symbol.asyncDispose]()
  }

  async #closeBeside(): Promise<void> {
    const beside = this.#beside
    this.#beside = undefined
    await beside?.[Symbol.asyncDispose]()
  }

  #seen(request: MockRequest): SeenRequest {
    const { method, path, query, body, connectionNumber, requestOnConnection } = request
    return {
      method,
      path: query.size > 0 ? `${path}?${query}` : path,
      get text() {
        return body.toString()
      },
      json: request.json,
      header: (name) => {
        const value = request.headers[name]
        return Array.isArray(value) ? value.join(', ') : value
      },
      connection: connectionNumber,
      reused: requestOnConnection > 1,
      hungUp: request.outcome === 'client_gone',
    }
  }

  async #flowUntil(outcome: Promise<unknown>): Promise<void> {
    let over = false
    void outcome.then(() => {
      over = true
    })
    for (await this.settle(); !over; await this.settle()) await this.clock.hurry()
  }

  async #passSleep(ms: number): Promise<void> {
    await turns()
    await this.clock.pass(ms)
  }

  async #giveUpStalls(server: MockResponsesServer): Promise<void> {
    for (let n = 1; !this.#over; n++) {
      const { fault, connection } = await server.waitFor('fault', n)
      while (fault.effect === 'stall' && connection.open && !this.#over) {
        await turns(10)
        if (connection.open) await this.clock.hurry()
      }
    }
  }
}

function certificateOf({ endpoint: [first] = [] }: Case): (typeof CERTIFICATES)[CertificateFault] | undefined {
  return typeof first === 'object' && 'certificate' in first ? CERTIFICATES[first.certificate] : undefined
}
