import { findResilientError } from '../../../src/index.ts'
import type { Caller } from '../caller.ts'
import { sameItems } from '../history.ts'
import { REBUILT_INPUT, rebuilt } from '../identity.ts'
import type { Memory } from '../memory.ts'
import type { Schedule } from '../schedule.ts'
import type { Served } from '../served.ts'
import type { Violations } from './violations.ts'

export interface SocketChecksContext {
  readonly violations: Violations
  readonly callers: ReadonlyMap<number, Caller>
  readonly memory: Memory
  /** Whether the server of a socket would continue this response, if it was asked now. */
  readonly wouldContinue: (socket: number, id: string) => boolean
  /** What a client believes of its sockets can be told from outside: no loop stalls, no other headers, no overdue pings. */
  readonly isPlain: boolean
}

export function isPlainForSockets({ stalls, client, endpoints }: Schedule): boolean {
  return (
    stalls.length === 0 && client.auth?.kind !== 'function' && endpoints.every(({ sockets }) => sockets?.deaf !== true)
  )
}

type Body = Readonly<Record<string, unknown>>

/** Holds what is sent against what its caller asked for, and against what the server of the socket can know. */
export class SocketChecks {
  readonly #context: SocketChecksContext

  constructor(context: SocketChecksContext) {
    this.#context = context
  }

  /** A message is written to a socket. */
  writes(served: Served, { params }: Caller): void {
    const { session, message } = served
    if (session === undefined) return
    const previous = message?.previous_response_id
    if (typeof previous === 'string' && previous !== params?.previous_response_id) served.hiddenId = previous
    if (session.wasBusy) this.#add('one_response_a_socket', served, `request ${served.nth} comes beside another one`)
  }

  /** A request for a response has come, on a socket or over HTTP. */
  arrives(served: Served, caller: Caller): void {
    const { message, session, nth, path } = served
    const { params } = caller
    if (message === undefined || params === undefined || !path.endsWith('/responses')) return
    const previous = message.previous_response_id
    const home = this.#context.memory.onlySocketOf(previous)
    if (home !== undefined && (session?.socket !== home || session.latest !== previous)) {
      const where = session === undefined ? 'goes over HTTP' : `goes to socket ${session.socket}`
      this.#add('strict_stays', served, `request ${nth} continues ${previous} of socket ${home}, and ${where}`)
    }
    const own = isRebuilt(served, caller) ? rebuilt(params) : params
    this.#checkKnown(served, message, own)
  }

  /** What a caller is told when it is told. */
  settles(caller: Caller): void {
    const { outcome, params, plan } = caller
    const error = outcome?.kind === 'error' || outcome?.kind === 'body' ? findResilientError(outcome.error) : undefined
    // Only a stream goes over a WebSocket.
    if (plan.face === 'fetch_json' || plan.face === 'fetch_once') return
    const id = params?.previous_response_id
    const home = this.#context.memory.onlySocketOf(id)
    if (error?.code !== 'previous_response_not_found' || home === undefined || error.attempts.length > 0) return
    const others = [...this.#context.callers.values()].filter((other) => other !== caller)
    if (
      !this.#context.isPlain ||
      others.some(({ startedAt, outcome: told }) => startedAt < Infinity && told === undefined)
    )
      return
    if (this.#context.wouldContinue(home, id as string))
      this.#context.violations.add(
        'error_as_caused',
        plan.id,
        `${id} is called lost, and socket ${home} could continue it`,
      )
  }

  #checkKnown(served: Served, message: Body, own: Body): void {
    const { memory } = this.#context
    const { nth } = served
    if (served.hiddenId === undefined && message.previous_response_id !== own.previous_response_id)
      this.#add('knows_what_was_sent', served, `request ${nth} continues ${message.previous_response_id}`)
    if (!sameItems(memory.seen(message), memory.seen(own))) {
      const [known, sent] = [memory.seen(message), memory.seen(own)].map((items) => JSON.stringify(items).slice(0, 400))
      this.#add('knows_what_was_sent', served, `with request ${nth} the server knows ${known}; sent was ${sent}`)
    }
    const before = served.hiddenId === undefined ? undefined : memory.requestOf(served.hiddenId)
    if (before !== undefined && lastingFieldsOf(before) !== lastingFieldsOf(message))
      this.#add('knows_what_was_sent', served, `request ${nth} continues one with ${lastingFieldsOf(before)}`)
    const [known, sent] = [fieldsOf(message), fieldsOf(own)]
    if (known !== sent) this.#add('knows_what_was_sent', served, `request ${nth} has ${known}; sent was ${sent}`)
  }

  #add(invariant: Parameters<Violations['add']>[0], served: Served, detail: string): void {
    this.#context.violations.add(invariant, served.call, detail)
  }
}

/** The caller has rebuilt its request, because what it continued was lost. */
export function isRebuilt({ message }: Served, { options, params }: Caller): boolean {
  if (options.hook !== 'rebuild' || params?.previous_response_id === undefined) return false
  return JSON.stringify(message?.input) === JSON.stringify(REBUILT_INPUT)
}

/** Those that may not differ between a request and what it continues. */
function lastingFieldsOf({ metadata: _metadata, ...body }: Body): string {
  return fieldsOf(body)
}

/** All that an increment must repeat. */
function fieldsOf({ type: _type, input: _input, previous_response_id: _id, stream: _stream, ...fields }: Body): string {
  return JSON.stringify(Object.entries(fields).sort(([one], [other]) => (one < other ? -1 : 1)))
}
