import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Connection } from '../connection.ts'
import type { FaultPlan, PlannedFault } from '../fault-plan.ts'
import type { SocketPoint } from '../faults.ts'
import type { MockSocket, SocketRecord } from '../records.ts'
import { type Refusal, refuseWithoutCredential } from '../strict.ts'
import type { Struck, Verdict } from '../strike.ts'
import { isServed } from '../target.ts'
import { errorBody } from '../upstream-errors.ts'
import type { SocketControls } from './controls.ts'
import { DEFAULT_WEB_SOCKET, type MockWebSocketOptions } from './options.ts'
import { type SessionHost, SocketSession } from './session.ts'
import { Upgrader } from './upgrade.ts'
import { UpgradeAnswer } from './upgrade-answer.ts'

/** What the door needs from the server. */
export interface SocketDoorHost extends Omit<SessionHost, 'maxAgeMs' | 'lanes'> {
  readonly plan: FaultPlan
  strike(planned: PlannedFault, struck: Struck, socket: MockSocket): Promise<Verdict>
}

/** Accepts upgrades, applies their faults, and keeps a list of the open WebSockets. */
export class SocketDoor {
  readonly #isOff: boolean
  readonly #options: Pick<SessionHost, 'maxAgeMs' | 'lanes'>
  readonly #host: SocketDoorHost
  readonly #upgrader: Upgrader
  readonly #open = new Set<SocketSession>()

  constructor(options: boolean | MockWebSocketOptions, host: SocketDoorHost) {
    const given = typeof options === 'object' ? options : {}
    const { maxAgeMs = DEFAULT_WEB_SOCKET.maxAgeMs, lanes = DEFAULT_WEB_SOCKET.lanes } = given
    this.#isOff = options === false
    this.#options = { maxAgeMs, lanes }
    this.#host = host
    this.#upgrader = new Upgrader(given)
  }

  /** Calls a function for each open WebSocket that matches. Returns their number. */
  command(act: (session: SocketControls) => void, when: (socket: MockSocket) => boolean = () => true): number {
    const chosen = [...this.#open].filter(({ record }) => record.open && when(record))
    for (const session of chosen) act(session)
    return chosen.length
  }

  /** @param promised faults that the script of the connection has left for its first request. */
  async open(
    message: IncomingMessage,
    wire: Socket,
    connection: Connection,
    promised: PlannedFault[] | undefined,
  ): Promise<void> {
    const { journal, plan, clock } = this.#host
    const socket = journal.socket(message, connection)
    const answer = new UpgradeAnswer(connection, socket)
    const { now, rest } = promised ? plan.splitForSocket(promised, socket) : plan.takeForSocket(socket)
    const strike = (at: SocketPoint, struck: Omit<Struck, 'connection'>) =>
      this.#strike(now, at, { connection, ...struck }, socket)

    if (!(await strike('upgrade', { upgrade: answer }))) return
    const refusal = this.#refusalOf(message, socket)
    if (refusal !== undefined) return answer.sendStatus(refusal.status, refusal.headers ?? {}, refusal.body)
    const upgraded = await this.#upgrader.upgrade(message, wire)
    if (upgraded === undefined) {
      socket.status = 400
      return
    }
    const { ws, head } = upgraded
    const { maxAgeMs, lanes } = this.#options
    const parts = { ws, connection, record: socket, message }
    const session = new SocketSession({ ...this.#host, maxAgeMs, lanes }, parts, rest)
    // Lets `ws` read the socket. Nothing else reads it now.
    wire.resume()

    let sent = 0
    if (now.some(({ fault }) => fault.at === 'inside_upgrade')) {
      sent = head.length >> 1
      await connection.write(head.subarray(0, sent))
      if (!(await strike('inside_upgrade', { socket: session }))) return
    }
    const isHeld = now.some(({ fault }) => fault.at === 'upgraded')
    if (isHeld) session.pause()
    this.#open.add(session)
    connection.onClosed(() => this.#open.delete(session))
    socket.status = 101
    socket.openedAt = clock.now()
    socket.open = connection.open
    if (!(await connection.write(head.subarray(sent)))) return
    journal.waiters.notify('socket_open')
    if (!isHeld) return
    await strike('upgraded', { socket: session })
    // Resumes even after a close frame of the server, because the client answers it.
    session.resume()
  }

  /** Returns whether the WebSocket can still be used. */
  async #strike(
    planned: readonly PlannedFault[],
    at: SocketPoint,
    struck: Struck,
    socket: SocketRecord,
  ): Promise<boolean> {
    for (const each of planned.filter(({ fault }) => fault.at === at)) {
      if ((await this.#host.strike(each, struck, socket)) === 'stop') return false
    }
    return struck.connection.open
  }

  #refusalOf(
    message: IncomingMessage,
    socket: MockSocket,
  ): (Refusal & { headers?: Record<string, string> }) | undefined {
    const { path } = socket
    const method = message.method ?? 'GET'
    if (!isServed(path, this.#host.context.prefixes) || !path.endsWith('/responses')) {
      return { status: 404, body: errorBody('invalid_request_error', `Invalid URL (${method} ${path})`) }
    }
    if (this.#isOff || message.headers.upgrade?.toLowerCase() !== 'websocket') {
      const body = errorBody('invalid_request_error', `Not allowed to ${method} on ${path}.`, 'method_not_supported')
      return { status: 405, headers: { allow: 'POST' }, body }
    }
    return this.#host.context.strict ? refuseWithoutCredential(socket) : undefined
  }
}
