import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../../core/clock.ts'
import { printedAs } from '../printed-as.ts'
import { Connection } from './connection.ts'
import type { Fault } from './faults.ts'
import type { MockRequest, MockSocket, RequestRecord, SocketRecord } from './records.ts'
import type { AppliedFault, MockServerStats } from './report.ts'
import { statsOf } from './stats.ts'
import { type History, Waiters } from './steps.ts'
import { parseTarget } from './target.ts'

/** Records all that happened, and wakes the waiters. */
export class Journal implements History {
  readonly connections: Connection[] = []
  readonly sockets: SocketRecord[] = []
  readonly requests: RequestRecord[] = []
  readonly received = new Set<MockRequest>()
  readonly faults: AppliedFault[] = []
  readonly waiters: Waiters
  readonly #clock: Clock
  readonly #attempts = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
    this.waiters = new Waiters(clock, this)
  }

  connection(raw: Socket): Connection {
    const connection = new Connection(this.connections.length + 1, raw, () => this.#clock.now())
    this.connections.push(connection)
    connection.onClosed(() => this.waiters.notify('connection_closed'))
    this.waiters.notify('connection')
    return connection
  }

  socket(message: IncomingMessage, connection: Connection): SocketRecord {
    const socket: SocketRecord = {
      ...this.#headOf(message, connection),
      number: this.sockets.length + 1,
      status: undefined,
      openedAt: undefined,
      closedAt: undefined,
      open: false,
      closeCode: undefined,
      receivedMessages: 0,
      receivedBytes: 0,
      sentMessages: 0,
      sentBytes: 0,
      receivedPings: 0,
      sentPongs: 0,
      sentPings: 0,
      receivedPongs: 0,
      latestResponseId: undefined,
    }
    printedAs(socket, printedSocket)
    this.sockets.push(socket)
    connection.onClosed(() => {
      socket.open = false
      socket.closedAt = this.#clock.now()
      this.waiters.notify('socket_closed')
    })
    this.waiters.notify('socket')
    return socket
  }

  /** @param socket where the request is a message on it. */
  request(message: IncomingMessage, connection: Connection, socket?: MockSocket): RequestRecord {
    const request: RequestRecord = {
      ...this.#headOf(message, connection),
      number: this.requests.length + 1,
      transport: socket === undefined ? 'http' : 'websocket',
      socketNumber: socket?.number,
      requestOnConnection: ++connection.requests,
      localPort: connection.localPort,
      call: undefined,
      attempt: 1,
      method: socket === undefined ? (message.method ?? 'GET') : 'POST',
      body: Buffer.alloc(0),
      json: undefined,
      inputTokens: 0,
      status: undefined,
      sentEvents: 0,
      outcome: 'pending',
    }
    printedAs(request, printedRequest)
    if (socket === undefined) this.#nameCall(request, message.headers['x-mock-call'])
    this.requests.push(request)
    this.waiters.notify('request')
    return request
  }

  /** The body has arrived. */
  requestBody(request: RequestRecord): void {
    const metadata = (request.json as { metadata?: { mock_call?: unknown } } | null | undefined)?.metadata
    this.#nameCall(request, metadata?.mock_call)
    this.#nameCall(request, request.headers['x-mock-call'])
    this.received.add(request)
    this.waiters.notify('request_body')
  }

  fault(fault: Fault, connection: Connection, socket?: MockSocket, request?: MockRequest): AppliedFault {
    const applied = { fault, connection, socket, request }
    this.faults.push(applied)
    this.waiters.notify('fault')
    return applied
  }

  stats(): MockServerStats {
    return statsOf(this)
  }

  #headOf(message: IncomingMessage, connection: Connection) {
    const { path, query } = parseTarget(message.url ?? '/')
    const { headers, rawHeaders } = message
    const { number: connectionNumber, remotePort } = connection
    return { connectionNumber, remotePort, path, query, headers, rawHeaders, startedAt: this.#clock.now() }
  }

  #nameCall(request: RequestRecord, name: unknown): void {
    if (request.call !== undefined || typeof name !== 'string') return
    request.call = name
    request.attempt = (this.#attempts.get(name) ?? 0) + 1
    this.#attempts.set(name, request.attempt)
  }
}

function printedRequest(this: MockRequest): object {
  const { number, connectionNumber, transport, call, attempt, method, path, query, headers, body } = this
  const { status, sentEvents, outcome } = this
  const names = { query: [...query.keys()], headers: Object.keys(headers) }
  return {
    number,
    connectionNumber,
    transport,
    call,
    attempt,
    method,
    path,
    ...names,
    bodyBytes: body.length,
    status,
    sentEvents,
    outcome,
  }
}

function printedSocket(this: MockSocket): object {
  const { number, connectionNumber, path, query, headers, status, open, closeCode } = this
  const names = { query: [...query.keys()], headers: Object.keys(headers) }
  return { number, connectionNumber, path, ...names, status, open, closeCode }
}
