import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { WebSocket, WebSocketServer } from 'ws'
import { DEFAULT_USER_AGENT } from '../../client/fetch-call.ts'
import { openPeer, type ResilientClient } from '../../client/resilient-client.ts'
import { comeBackHeaders, errorBody } from '../answers.ts'
import { CallFacts } from '../call-facts.ts'
import type { ClientConnections } from '../connections.ts'
import type { Refusal } from '../guard.ts'
import { headersUp } from '../headers.ts'
import type { SidecarLogEntry } from '../log-entry.ts'
import { upgradeRefusal } from '../message.ts'
import type { SidecarSettings } from '../options.ts'
import { refuseRaw } from '../own-answers.ts'
import type { VisibleCall } from '../page/under-way.ts'
import { upstreamUrl } from '../paths.ts'
import type { BufferedBytes } from '../request-body.ts'
import { DRAINING, NOT_BELOW, requestRefusal, TOO_MANY } from '../visitor.ts'
import { ClientSession } from './client-session.ts'
import { ClientSocket } from './client-socket.ts'

export interface SocketDoorContext {
  readonly settings: SidecarSettings
  readonly client: ResilientClient
  readonly buffered: BufferedBytes
  readonly connections: ClientConnections
  nextId(): number
  onCall(call: VisibleCall): void
  onCallEnded(call: VisibleCall, entry: SidecarLogEntry): void
}

/** How long a client may leave a close frame unanswered. Milliseconds. */
const CLOSE_MS = 1000

/** RFC 6455 4.4. */
const VERSION = '13'

const OF_HANDSHAKE: ReadonlySet<string> = new Set([
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-extensions',
  'sec-websocket-protocol',
])
const WITH_AUTHORIZATION: ReadonlySet<string> = new Set([...OF_HANDSHAKE, 'authorization'])

/** Where WebSockets of clients come in. */
export class SocketDoor {
  readonly #context: SocketDoorContext
  readonly #server: WebSocketServer
  readonly #sessions = new Set<ClientSession>()
  #isDraining = false
  #onEmpty: Array<() => void> = []

  /** Loads `ws`, which a sidecar without WebSockets does not need. */
  static async open(context: SocketDoorContext): Promise<SocketDoor> {
    return new SocketDoor(context, (await import('ws')).WebSocketServer)
  }

  private constructor(context: SocketDoorContext, Server: typeof WebSocketServer) {
    this.#context = context
    const { settings } = context
    this.#server = new Server({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      autoPong: false,
      maxPayload: settings.maxBodyBytes,
      handleProtocols: () => false,
      ...{ closeTimeout: CLOSE_MS },
    })
    const bound = Math.min(settings.maxBodyBytes, settings.maxMessageBytes)
    this.#server.on('headers', (headers) => headers.push(`x-codex-websocket-max-message-bytes: ${bound}`))
  }

  get count(): number {
    return this.#sessions.size
  }

  get busy(): number {
    return [...this.#sessions].filter(({ isBusy }) => isBusy).length
  }

  /** A client asks for a WebSocket. */
  onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { settings, connections, client } = this.#context
    const refusal =
      requestRefusal(request, settings) ??
      upgradeRefusal(request) ??
      (this.#isDraining ? DRAINING : connections.isTooMany(socket as Socket) ? TOO_MANY : undefined)
    if (refusal !== undefined) {
      refuse(socket, refusal)
      return
    }
    const url = upstreamUrl(request.url ?? '', settings.base)
    if (url === undefined) {
      refuse(socket, NOT_BELOW)
      return
    }
    if (!url.pathname.endsWith('/responses') || request.headers.upgrade?.toLowerCase() !== 'websocket') {
      refuseRaw(socket, '426 Upgrade Required')
      return
    }
    if (request.headers['sec-websocket-version'] !== VERSION) {
      refuseRaw(socket, '426 Upgrade Required', { headers: [['Sec-WebSocket-Version', VERSION]] })
      return
    }
    const dropped = settings.apiKey === undefined ? OF_HANDSHAKE : WITH_AUTHORIZATION
    const headers = headersUp(request.rawHeaders, dropped, settings.token)
    const peer = openPeer(client)
    if (peer.isHttpAlone(url, asSent(headers, settings.apiKey))) {
      // A client that continues by id would lose each response: over HTTP the upstream keeps none of them.
      void peer.close()
      refuseRaw(socket, '426 Upgrade Required')
      return
    }
    // An upgrade that is not valid ends here: `ws` answers it.
    socket.once('close', () => void peer.close())
    this.#server.handleUpgrade(request, socket, head, (ws) => this.#begin(ws, { request, socket, url, headers, peer }))
  }

  /** Sends clients away: now those without a response under way, the others after it. */
  drain(): void {
    this.#isDraining = true
    for (const session of this.#sessions) session.drain()
  }

  /** Resolves when no client is left. */
  async drained(): Promise<void> {
    if (this.#sessions.size > 0) await new Promise<void>((resolve) => this.#onEmpty.push(resolve))
  }

  async destroy(reason: unknown): Promise<void> {
    await Promise.all([...this.#sessions].map((session) => session.destroy(reason)))
  }

  #begin(
    ws: WebSocket,
    {
      request,
      socket,
      url,
      headers,
      peer,
    }: {
      request: IncomingMessage
      socket: Duplex
      url: URL
      headers: [string, string][]
      peer: ReturnType<typeof openPeer>
    },
  ): void {
    const { settings, client, buffered, connections, nextId, onCall, onCallEnded } = this.#context
    const letGo = connections.hold(socket as Socket)
    const clientSocket = new ClientSocket(ws, {
      socket,
      buffered,
      events: {
        onMessage: (message) => session.received(message),
        onClosed: () => {
          letGo()
          session.closed()
          this.#sessions.delete(session)
          if (this.#sessions.size === 0) for (const resolve of this.#onEmpty.splice(0)) resolve()
        },
      },
    })
    const session = new ClientSession({
      settings,
      buffered,
      socket: clientSocket,
      peer,
      url,
      headers,
      path: (request.url ?? '').split('?', 1)[0]?.slice(0, 200) ?? '',
      budget: () => client.stats().retryBudgets[settings.base.origin],
      nextId,
      newFacts: () => new CallFacts(),
      onCall,
      onCallEnded,
    })
    this.#sessions.add(session)
    if (this.#isDraining) session.drain()
  }
}

/** The headers with those that the client adds to a call: a refused credential is remembered by all of them. */
function asSent(headers: readonly [string, string][], apiKey: string | undefined): readonly [string, string][] {
  const hasAgent = headers.some(([name]) => name === 'user-agent')
  return [
    ...headers,
    ...(hasAgent ? [] : [['user-agent', DEFAULT_USER_AGENT] as [string, string]]),
    ...(apiKey === undefined ? [] : [['authorization', `Bearer ${apiKey}`] as [string, string]]),
  ]
}

function refuse(socket: Duplex, { status, code, message }: Refusal): void {
  const type = status >= 500 ? 'server_error' : 'invalid_request_error'
  refuseRaw(socket, `${status} Refused`, {
    body: errorBody({ code, type, message }),
    headers: status === 503 ? comeBackHeaders(undefined) : [],
  })
}
