import type { Clock } from '../../core/clock.ts'
import { describeFault } from './faults.ts'
import type { MockConnection, MockRequest, MockSocket } from './records.ts'
import type { AppliedFault } from './report.ts'

/** The steps that can be waited for, with the record of each. */
export interface Steps {
  /** A connection was accepted. */
  connection: MockConnection
  /** A connection was closed, by either side. */
  connection_closed: MockConnection
  /** The head of an upgrade to WebSocket arrived. */
  socket: MockSocket
  /** An upgrade was answered with 101. */
  socket_open: MockSocket
  /** A ping from the client arrived. For more, use `(socket) => socket.receivedPings >= 2`. */
  ping: MockSocket
  /** The connection of a WebSocket, or of an upgrade, was closed by either side. */
  socket_closed: MockSocket
  /** The head of a request arrived, or a message on a WebSocket. */
  request: MockRequest
  /** The body of a request has arrived. */
  request_body: MockRequest
  /** The head of an answer was sent. */
  headers_sent: MockRequest
  /** At least one event was sent. For more, use `(request) => request.sentEvents >= 3`. */
  event_sent: MockRequest
  /** A request has an outcome other than `pending`. */
  request_end: MockRequest
  /** A fault struck: a stall has begun, a reset is about to happen. */
  fault: AppliedFault
}

/** The steps that `server.waitFor()` waits for. */
export type Step = keyof Steps

/** The data that steps are found in. */
export interface History {
  readonly connections: readonly MockConnection[]
  readonly sockets: readonly MockSocket[]
  readonly requests: readonly MockRequest[]
  /** Requests whose body has arrived. */
  readonly received: ReadonlySet<MockRequest>
  readonly faults: readonly AppliedFault[]
}

const RECORDS: { readonly [S in Step]: (history: History) => readonly Steps[S][] } = {
  connection: ({ connections }) => connections,
  connection_closed: ({ connections }) => connections.filter(({ open }) => !open),
  socket: ({ sockets }) => sockets,
  socket_open: ({ sockets }) => sockets.filter(({ openedAt }) => openedAt !== undefined),
  ping: ({ sockets }) => sockets.filter(({ receivedPings }) => receivedPings > 0),
  socket_closed: ({ sockets }) => sockets.filter(({ closedAt }) => closedAt !== undefined),
  request: ({ requests }) => requests,
  request_body: ({ requests, received }) => requests.filter((request) => received.has(request)),
  headers_sent: ({ requests }) => requests.filter(({ status }) => status !== undefined),
  event_sent: ({ requests }) => requests.filter(({ sentEvents }) => sentEvents > 0),
  request_end: ({ requests }) => requests.filter(({ outcome }) => outcome !== 'pending'),
  fault: ({ faults }) => faults,
}

export const STEPS = Object.keys(RECORDS) as readonly Step[]

interface Waiter {
  readonly step: Step
  check(): void
  fail(error: unknown): void
}

/** The waiters for steps. Steps that have already happened count. */
export class Waiters {
  readonly #waiters = new Set<Waiter>()
  readonly #clock: Clock
  readonly #history: History

  constructor(clock: Clock, history: History) {
    this.#clock = clock
    this.#history = history
  }

  waitFor<S extends Step>(step: S, which: number | ((record: Steps[S]) => boolean), waitMs: number): Promise<Steps[S]> {
    const matches = typeof which === 'number' ? () => true : which
    const count = typeof which === 'number' ? which : 1
    return new Promise((resolve, reject) => {
      const timer =
        waitMs === 0 ? undefined : this.#clock.setTimer(() => waiter.fail(this.#tooLate(step, which, waitMs)), waitMs)
      const settle = (act: () => void) => {
        if (timer !== undefined) this.#clock.clearTimer(timer)
        this.#waiters.delete(waiter)
        act()
      }
      const waiter: Waiter = {
        step,
        check: () => {
          try {
            const record = RECORDS[step](this.#history).filter(matches)[count - 1]
            if (record !== undefined) settle(() => resolve(record))
          } catch (error) {
            settle(() => reject(error))
          }
        },
        fail: (error) => settle(() => reject(error)),
      }
      this.#waiters.add(waiter)
      waiter.check()
    })
  }

  notify(step: Step): void {
    if (this.#waiters.size === 0) return
    for (const waiter of [...this.#waiters]) if (waiter.step === step) waiter.check()
  }

  /** Rejects all waits. */
  fail(why: (step: Step) => unknown): void {
    for (const waiter of [...this.#waiters]) waiter.fail(why(waiter.step))
  }

  #tooLate(step: Step, which: unknown, waitMs: number): Error {
    const what = typeof which === 'number' ? `${step} number ${which}` : `a matching ${step}`
    return new Error(`waited ${waitMs} ms for ${what}.\n${describeHistory(this.#history)}`)
  }
}

/** What happened so far, for the message of a wait that timed out. */
function describeHistory({ connections, sockets, requests, faults }: History): string {
  const open = connections.filter((connection) => connection.open).length
  const lines = requests.slice(-20).map((request) => {
    const { number, method, path, connectionNumber, socketNumber, status, sentEvents, outcome } = request
    const answer = status === undefined ? 'no answer' : `status ${status}, ${sentEvents} events`
    const struck = faults.filter((applied) => applied.request === request).map(({ fault }) => describeFault(fault))
    const by = struck.length > 0 ? `, struck by ${struck.join(', then ')}` : ''
    const on = socketNumber === undefined ? `connection ${connectionNumber}` : `WebSocket ${socketNumber}`
    return `  request ${number}: ${method} ${path} on ${on}: ${answer}, ${outcome}${by}`
  })
  const upgrades = sockets.slice(-20).map(({ number, connectionNumber, status, open }) => {
    const answer = status === undefined ? 'no answer' : `status ${status}`
    return `  WebSocket ${number} on connection ${connectionNumber}: ${answer}${open ? ', open' : ''}`
  })
  const count = `So far: ${connections.length} connections (${open} open), ${requests.length} requests.`
  return [count, ...upgrades, ...lines].join('\n')
}
