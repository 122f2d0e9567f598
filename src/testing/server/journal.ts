import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../../core/clock.ts'
import { printedAs } from '../printed-as.ts'
import { Connection } from './connection.ts'
import type { Fault, FaultEffect } from './faults.ts'
import type { MockRequest, RequestRecord } from './records.ts'
import type { AppliedFault, MockServerStats } from './report.ts'
import { type History, Waiters } from './steps.ts'
import { parseTarget } from './target.ts'

/** All that happened, and those who wait for something to happen. */
export class Journal implements History {
  readonly connections: Connection[] = []
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

  request(message: IncomingMessage, connection: Connection): RequestRecord {
    const { path, query } = parseTarget(message.url ?? '/')
    const request: RequestRecord = {
      number: this.requests.length + 1,
      connectionNumber: connection.number,
      requestOnConnection: ++connection.requests,
      remotePort: connection.remotePort,
      localPort: connection.localPort,
      call: undefined,
      attempt: 1,
      method: message.method ?? 'GET',
      path,
      query,
      headers: message.headers,
      rawHeaders: message.rawHeaders,
      body: Buffer.alloc(0),
      json: undefined,
      inputTokens: 0,
      startedAt: this.#clock.now(),
      status: undefined,
      sentEvents: 0,
      outcome: 'pending',
    }
    printedAs(request, printedRequest)
    this.#nameCall(request, message.headers['x-mock-call'])
    this.requests.push(request)
    this.waiters.notify('request')
    return request
  }

  /** The body is there. */
  requestBody(request: RequestRecord): void {
    const metadata = (request.json as { metadata?: { mock_call?: unknown } } | null | undefined)?.metadata
    this.#nameCall(request, metadata?.mock_call)
    this.received.add(request)
    this.waiters.notify('request_body')
  }

  fault(fault: Fault, connection: Connection, request: RequestRecord | undefined): AppliedFault {
    const applied = { fault, connection, request }
    this.faults.push(applied)
    this.waiters.notify('fault')
    return applied
  }

  stats(): MockServerStats {
    const byPath: Record<string, number> = {}
    for (const { path } of this.requests) byPath[path] = (byPath[path] ?? 0) + 1
    const byEffect: Partial<Record<FaultEffect, number>> = {}
    for (const { fault } of this.faults) byEffect[fault.effect] = (byEffect[fault.effect] ?? 0) + 1
    return {
      connections: { total: this.connections.length, open: this.connections.filter(({ open }) => open).length },
      requests: {
        total: this.requests.length,
        pending: this.requests.filter(({ outcome }) => outcome === 'pending').length,
        byPath,
      },
      inputTokens: this.requests.reduce((sum, { inputTokens }) => sum + inputTokens, 0),
      faults: { total: this.faults.length, byEffect },
    }
  }

  #nameCall(request: RequestRecord, name: unknown): void {
    if (request.call !== undefined || typeof name !== 'string') return
    request.call = name
    request.attempt = (this.#attempts.get(name) ?? 0) + 1
    this.#attempts.set(name, request.attempt)
  }
}

function printedRequest(this: MockRequest): object {
  const { number, connectionNumber, call, attempt, method, path, query, headers, body } = this
  const { status, sentEvents, outcome } = this
  const names = { query: [...query.keys()], headers: Object.keys(headers) }
  return {
    number,
    connectionNumber,
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
