import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ResilientClient } from '../client/resilient-client.ts'
import { ClientClosedError } from '../errors/errors.ts'
import type { TelemetryEvent } from '../telemetry/events.ts'
import { type CallRecorder, recordCalls, renderHtml } from '../timeline/index.ts'
import { CallFacts, CallFactsListener } from './call-facts.ts'
import { ClientConnections, MOST_REFUSED } from './connections.ts'
import { listenError } from './listen-error.ts'
import type { SidecarLogEntry } from './log-entry.ts'
import { SidecarMetrics } from './metrics.ts'
import { resolveSidecar, type SidecarOptions, type SidecarSettings } from './options.ts'
import { answerPreflight, isPreflight, refuseRaw } from './own-answers.ts'
import { OwnPaths } from './own-paths.ts'
import { LiveFeed } from './page/live-feed.ts'
import { ShownCalls, type VisibleCall } from './page/under-way.ts'
import { upstreamUrl } from './paths.ts'
import { BufferedBytes } from './request-body.ts'
import { SidecarCall } from './sidecar-call.ts'
import type { SidecarStats } from './stats.ts'
import { DRAINING, NOT_BELOW, requestRefusal, TOO_MANY } from './visitor.ts'
import { SocketDoor } from './websocket/socket-door.ts'

/** A running sidecar. */
export interface Sidecar extends AsyncDisposable {
  /** The address at which it listens: `http://127.0.0.1:8787`. */
  readonly url: string
  stats(): SidecarStats
  /**
   * Closes connections without a call, and lets calls under way finish for up to `drainMs`. Until then the sidecar still listens:
   * `/readyz` answers 503, and a new call gets 503 with `Retry-After`. After `drainMs`, or when this function is called again, the
   * remaining calls end at once. Resolves when all connections are closed.
   */
  close(): Promise<void>
}

/** Milliseconds that an idle connection of a client stays open. */
const KEEP_ALIVE_MS = 120_000
/** Limits for a client that sends its headers, or its body, slowly, in milliseconds. Then the connection is closed. */
const HEADERS_MS = 20_000
const REQUEST_MS = 300_000
const CHECK_MS = 2000
const MAX_HEADER_BYTES = 64 * 1024

/**
 * Starts an HTTP server on this machine that sends calls to an upstream through a `ResilientClient`. It is for programs that
 * accept a base URL but cannot import this library.
 *
 * @throws ConfigurationError for an option that is not accepted, or if the server cannot listen on the address.
 */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const sidecar = new SidecarServer(resolveSidecar(options))
  await sidecar.listen()
  return sidecar
}

class SidecarServer implements Sidecar {
  readonly #settings: SidecarSettings
  readonly #client: ResilientClient
  readonly #server: Server
  readonly #buffered: BufferedBytes
  readonly #calls = new Set<SidecarCall>()
  readonly #connections: ClientConnections
  readonly #own: OwnPaths
  readonly #shown = new ShownCalls()
  readonly #feed: LiveFeed
  readonly #recorder: CallRecorder
  #metrics: SidecarMetrics | undefined
  /** Where clients may open WebSockets. */
  #door: SocketDoor | undefined
  /** Answers to calls that were let in, until the last byte is sent. */
  readonly #answers = new Set<ServerResponse>()
  #nextId = 1
  #ended = 0
  #port = 0
  #closing: Promise<void> | undefined
  #endNow: () => void = () => {}
  #onDrained: (() => void) | undefined

  constructor(settings: SidecarSettings) {
    this.#settings = settings
    this.#connections = new ClientConnections(settings.maxClients)
    this.#buffered = new BufferedBytes(settings.maxBufferedBytes)
    this.#recorder = recordCalls({ clock: settings.clock })
    const facts = new CallFactsListener()
    const { instrumentations = [] } = settings.client
    const metrics = { onEvent: (event: TelemetryEvent): void => this.#metrics?.onEvent(event) }
    this.#client = new ResilientClient({
      ...settings.client,
      instrumentations: [...instrumentations, facts, metrics, this.#recorder],
    })
    this.#feed = new LiveFeed(settings.clock, () => ({ stats: this.stats(), ...this.#shown.snapshot() }))
    this.#own = new OwnPaths({
      settings,
      isDraining: () => this.#closing !== undefined,
      metrics: () => this.#metrics,
      feed: this.#feed,
      timeline: () => renderHtml(this.#recorder.calls(), { title: 'Calls to the upstream' }),
    })
    this.#server = createServer(
      {
        keepAliveTimeout: KEEP_ALIVE_MS,
        headersTimeout: HEADERS_MS,
        requestTimeout: REQUEST_MS,
        connectionsCheckingInterval: CHECK_MS,
        maxHeaderSize: MAX_HEADER_BYTES,
        requireHostHeader: true,
      },
      (request, response) => void this.#onRequest(request, response),
    )
    this.#server.maxConnections = settings.maxClients + MOST_REFUSED
    this.#server.on('connection', (socket) => this.#connections.add(socket))
    this.#server.on('upgrade', (request, socket, head) => {
      if (this.#door === undefined) refuseRaw(socket, '426 Upgrade Required')
      else this.#door.onUpgrade(request, socket, head)
    })
    this.#server.on('connect', (_request, socket) => refuseRaw(socket, '501 Not Implemented'))
    // Sends 100 Continue only after the request was accepted.
    this.#server.on('checkContinue', (request, response) => {
      void this.#onRequest(request, response, () => response.writeContinue())
    })
  }

  get url(): string {
    const { host } = this.#settings
    return `http://${host.includes(':') ? `[${host}]` : host}:${this.#port}`
  }

  async listen(): Promise<void> {
    const { host, port } = this.#settings
    try {
      this.#metrics = await SidecarMetrics.load(() => this.stats())
      if (this.#settings.takesWebSockets) this.#door = await this.#openDoor()
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject)
        this.#server.listen(port, host, () => {
          this.#server.off('error', reject)
          this.#port = (this.#server.address() as AddressInfo).port
          resolve()
        })
      })
    } catch (error) {
      await this.#client.destroy()
      throw listenError(error, host, port)
    }
  }

  stats(): SidecarStats {
    return {
      calls: this.#calls.size + (this.#door?.busy ?? 0),
      ended: this.#ended,
      clients: this.#connections.count,
      sockets: this.#door?.count ?? 0,
      bufferedBytes: this.#buffered.held,
      connections: this.#client.stats().connections,
      isDraining: this.#closing !== undefined,
    }
  }

  close(): Promise<void> {
    if (this.#closing !== undefined) this.#endNow()
    else this.#closing = this.#close()
    return this.#closing as Promise<void>
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const { clock, drainMs } = this.#settings
    const now = new Promise<void>((resolve) => {
      this.#endNow = resolve
    })
    const timer = clock.setTimer(() => this.#endNow(), drainMs, { unref: true })
    this.#door?.drain()
    this.#feed.close()
    this.#connections.drain()
    await Promise.race([Promise.all([this.#drained(), this.#door?.drained()]), now])
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    // Also closes connections that arrived meanwhile.
    this.#connections.drain()
    await Promise.race([closed, now])
    clock.clearTimer(timer)
    const reason = new ClientClosedError('The sidecar is shutting down.')
    for (const call of this.#calls) call.abort(reason)
    await this.#door?.destroy(reason)
    await this.#client.destroy()
    await this.#connections.destroy()
    await closed
  }

  #openDoor(): Promise<SocketDoor> {
    return SocketDoor.open({
      settings: this.#settings,
      client: this.#client,
      buffered: this.#buffered,
      connections: this.#connections,
      nextId: () => this.#nextId++,
      onCall: (call) => this.#shown.begin(call),
      onCallEnded: (call, entry) => this.#called(call, entry),
    })
  }

  /** Resolves when all accepted calls are over and their answers were sent. */
  #drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#onDrained = () => {
        if (this.#calls.size === 0 && this.#answers.size === 0) resolve()
      }
      this.#onDrained()
    })
  }

  #letIn(call: SidecarCall, response: ServerResponse): void {
    this.#calls.add(call)
    this.#shown.begin(call)
    this.#answers.add(response)
    response.once('close', () => {
      this.#answers.delete(response)
      this.#onDrained?.()
    })
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse, askForBody?: () => void): Promise<void> {
    this.#connections.begin(request.socket, response)
    const isDraining = this.#closing !== undefined
    const isTooMany = this.#connections.isTooMany(request.socket)
    if (isDraining || isTooMany) response.setHeader('connection', 'close')
    if (this.#own.answer(request, response)) return
    const more = this.#crossOriginHeaders(request)
    const facts = new CallFacts()
    const call = new SidecarCall(request, response, {
      id: this.#nextId++,
      client: this.#client,
      settings: this.#settings,
      buffered: this.#buffered,
      facts,
      more,
      askForBody,
    })
    const refusal =
      requestRefusal(request, this.#settings) ?? (isDraining ? DRAINING : isTooMany ? TOO_MANY : undefined)
    if (refusal === undefined && isPreflight(request, more)) {
      answerPreflight(request, response, more)
      return
    }
    const url = upstreamUrl(request.url ?? '', this.#settings.base)
    const refused = refusal ?? (url === undefined ? NOT_BELOW : undefined)
    if (refused === undefined) this.#letIn(call, response)
    try {
      const entry = refused === undefined ? await call.run(url as URL) : call.refused(refused)
      this.#called(call, entry)
    } finally {
      this.#calls.delete(call)
      this.#onDrained?.()
    }
  }

  #called(call: VisibleCall, entry: SidecarLogEntry): void {
    this.#ended++
    this.#shown.end(call, entry)
    this.#metrics?.called(entry)
    try {
      this.#settings.onCall?.(entry)
    } catch {
      // A listener that throws is no failure of the call, which is over.
    }
  }

  #crossOriginHeaders({ headers }: IncomingMessage): ReadonlyArray<readonly [string, string]> {
    const { origin } = headers
    if (origin === undefined || !this.#settings.allowOrigins.includes(origin)) return []
    return [
      ['access-control-allow-origin', origin],
      ['access-control-expose-headers', '*'],
      ['vary', 'origin'],
    ]
  }
}
