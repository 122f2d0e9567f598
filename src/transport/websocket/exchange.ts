import type { Member } from '../../core/live-set.ts'
import type { Exchange, ExchangeObserver } from '../transport.ts'
import { EarlyEvents } from './early-events.ts'
import { type ErrorAnswer, errorAnswerOf } from './error-answer.ts'
import { isSideType, isSignOfLife, kindOf, type MessageKind, withoutPreviousId } from './message.ts'
import { Outbox, type OutboxOwner } from './outbox.ts'
import type { ResponsesSocket, SocketUser } from './socket.ts'
import { errorOfEnd, foreignEvent, messageTooLarge } from './socket-failure.ts'
import type { SocketMessage } from './socket-message.ts'
import { TurnRecorder } from './turn-recorder.ts'
import type { SocketEnd } from './wire.ts'

/** The lease of the socket, as its exchange sees it. */
export interface LeaseOfExchange {
  /** Called with the id of a response that only the server of this socket keeps. */
  brought(responseId: string): void
  poisoned(reason: string): void
  /** The exchange no longer uses the socket. The socket is free again, or closed. */
  ended(): void
}

export interface SocketExchangeOptions {
  /** Held by this exchange until it ends. */
  readonly socket: ResponsesSocket
  readonly message: SocketMessage
  readonly lease: LeaseOfExchange
  readonly observer: ExchangeObserver
  /** Called once. */
  onEnded(exchange: SocketExchange): void
}

/** Head of every stream. It states only the content type, because the headers of an upgrade are not those of a response. */
const STREAM_HEAD = { status: 200, statusText: 'OK', headers: [['content-type', 'text/event-stream']] } as const

/** A refusal of the upgrade with one of these statuses is passed on as an HTTP answer, with its hints and words. */
const ANSWERS: ReadonlySet<number> = new Set([401, 429, 503])

/**
 * One response on a socket. It is reported as the event stream that HTTP would have sent, after a head with status 200. If the
 * first message is an error with a status, it is reported as the HTTP answer with that status.
 */
export class SocketExchange implements Exchange, SocketUser, OutboxOwner, Member {
  place = -1
  readonly #lease: LeaseOfExchange
  readonly #onEnded: SocketExchangeOptions['onEnded']
  readonly #facts: Omit<SocketMessage, 'bytes'>
  /** The message; `undefined` once it was sent. */
  #bytes: Uint8Array | undefined
  /** The first message of the endpoint that arrived before the request was sent. */
  #unasked: Buffer | undefined
  #observer: ExchangeObserver | undefined
  #socket: ResponsesSocket | undefined
  #hasHead = false
  #hasSent = false
  readonly #turn: TurnRecorder
  readonly #early = new EarlyEvents()
  /** The endpoint has ended the response, so the socket can take another one. */
  #isClean = false
  /** An `error` message arrived. Some endpoints answer no further request on a socket after that. */
  #hasErred = false
  #isTerminated = false
  readonly #outbox: Outbox
  /** Ends the exchange once all waiting bytes were taken. */
  #ending: (() => void) | undefined

  constructor({ socket, message, lease, observer, onEnded }: SocketExchangeOptions) {
    const { bytes, ...facts } = message
    this.#bytes = bytes
    this.#facts = facts
    this.#lease = lease
    this.#onEnded = onEnded
    this.#observer = observer
    this.#socket = socket
    this.#outbox = new Outbox(this)
    this.#turn = new TurnRecorder(facts.print, (id) => socket.hasBrought(id))
    // Nothing may be reported before `send` has returned.
    queueMicrotask(() => this.#socket?.use(this))
  }

  // Called by the owner of the exchange.

  pause(): void {
    this.#outbox.pause()
  }

  resume(): void {
    this.#outbox.resume()
  }

  destroy(): void {
    this.#observer = undefined
    this.#leave(false)
  }

  /** After the end of a response there is nothing left to read. Before the end nothing can be skipped. */
  drain(): void {
    this.#observer = undefined
    this.#leave(this.#isClean)
  }

  poison(reason: string): void {
    // Nothing was sent, so the socket did not cause the failure.
    if (this.#socket === undefined && this.#isClean) return
    this.#isClean = false
    this.#lease.poisoned(reason)
  }

  /** @param isClean nothing was sent, so the socket can take another response. */
  fail(error: Error, isClean = false): void {
    this.#outbox.flush()
    const observer = this.#observer
    this.#observer = undefined
    this.#isClean = isClean
    this.#leave(isClean)
    observer?.error(error)
  }

  // Called by the socket.

  onConnecting(): void {
    this.#observer?.connecting()
  }

  onOpen(): void {
    const socket = this.#socket
    if (socket === undefined) return
    const bytes = this.#bytes as Uint8Array
    this.#bytes = undefined
    const unasked = this.#unasked
    const kind = unasked && kindOf(unasked)
    // The message answers another request, so the socket cannot be used. An error may be about the client or the socket, so it
    // counts as the answer.
    if (unasked !== undefined && kind?.type !== 'error') {
      this.fail(foreignEvent(kind?.type ?? ''))
      return
    }
    const { generation, served, id, maxMessageBytes = Infinity } = socket
    this.#observer?.connected({ generation, reused: served > 1, connectionId: id })
    // The observer may have ended the exchange in `connected()`.
    if (this.#socket === undefined) return
    if (unasked !== undefined) this.onMessage(unasked)
    else if (bytes.length <= maxMessageBytes) socket.send(bytes)
    else this.fail(messageTooLarge(bytes.length, maxMessageBytes), true)
  }

  onAccepted(): void {
    if (this.#hasSent) return
    if (this.#socket?.flushed !== true) {
      this.#observer?.sending()
      return
    }
    this.#hasSent = true
    this.#observer?.sent()
  }

  onMessage(bytes: Buffer): void {
    if (this.#observer === undefined) return
    const kind = kindOf(bytes)
    const isAside = kind !== undefined && isSideType(kind.type)
    if (this.#bytes !== undefined) {
      if (!isAside) this.#unasked ??= bytes
      else if (!isSignOfLife(kind.type)) this.#early.hold(kind.type, bytes)
      return
    }
    this.#hasSent = true
    const hadErred = this.#hasErred
    if (kind?.type === 'error') this.#hasErred = true
    if (this.#isTerminated) {
      // The response is over. An event of another response makes the socket unusable.
      if (!isAside || this.#turn.isForeign(kind)) this.#isClean = false
      return
    }
    if (isAside && !this.#hasHead && !isSignOfLife(kind.type) && !this.#turn.isForeign(kind)) {
      if (this.#early.hold(kind.type, bytes)) return
    }
    const answer = kind === undefined ? undefined : this.#answerIn(kind)
    if (answer !== undefined) {
      this.#answer(answer)
      return
    }
    if (kind !== undefined && (isAside ? this.#turn.isForeign(kind) : !this.#note(kind))) {
      this.fail(foreignEvent(kind.type))
      return
    }
    // After an `error` only the end of the response follows. What else comes may be of an earlier response: deltas name none.
    if (hadErred && !isAside && kind?.type !== 'error' && !this.#turn.isOver) return
    this.#head()
    this.#outbox.add(this.#asCallerSent(kind, bytes))
    // A response that has not begun ends with its error: no later event explains it.
    if (kind?.type === 'error' && !this.#turn.hasBegun) this.#complete()
  }

  onEnd(end: SocketEnd): void {
    this.#isClean = false
    if (end.kind === 'refused' && ANSWERS.has(end.status)) this.#answer(end)
    else this.#finish(() => this.fail(errorOfEnd(end)))
  }

  // Called by the outbox.

  handOver(chunk: Buffer): void {
    this.#observer?.data(chunk)
  }

  onFull(): void {
    this.#socket?.pause()
  }

  onSpace(): void {
    this.#socket?.resume()
  }

  onEmpty(): void {
    this.#ending?.()
  }

  /** Only the first message can stand for an HTTP answer. */
  #answerIn({ type, json }: MessageKind): ErrorAnswer | undefined {
    if (type !== 'error' || json === undefined || this.#hasHead) return undefined
    return errorAnswerOf(json)
  }

  #answer({ status, headers, body }: ErrorAnswer): void {
    this.#hasHead = true
    this.#observer?.head({ status, statusText: '', headers })
    if (body.length > 0) this.#outbox.put(body)
    this.#complete()
  }

  /** The endpoint sends nothing more for the request. */
  #complete(): void {
    this.#isTerminated = true
    this.#finish(() => {
      const observer = this.#observer
      this.#observer = undefined
      this.#leave(this.#isClean)
      observer?.end()
    })
  }

  /** @returns `false` for an event of another response. */
  #note(kind: MessageKind): boolean {
    const isFirst = this.#turn.responseId === undefined
    if (!this.#turn.take(kind)) return false
    const { responseId } = this.#turn
    if (isFirst && responseId !== undefined) {
      this.#socket?.brings(responseId)
      if (this.#facts.isOnlyCopy) this.#lease.brought(responseId)
    }
    if (!this.#turn.isOver) return true
    this.#isTerminated = true
    this.#isClean = !this.#hasErred
    this.#socket?.learn(this.#turn.outcome(), this.#facts.isOnlyCopy)
    return true
  }

  /** The event as the endpoint would have sent it in answer to the request that the caller made. */
  #asCallerSent(kind: MessageKind | undefined, bytes: Buffer): Buffer {
    const { hiddenPreviousId } = this.#facts
    if (hiddenPreviousId === undefined || kind?.json?.response === undefined) return bytes
    return withoutPreviousId(bytes, kind.json, hiddenPreviousId)
  }

  #head(): void {
    if (this.#hasHead) return
    this.#hasHead = true
    this.#observer?.head(STREAM_HEAD)
    for (const bytes of this.#early.take()) this.#outbox.add(bytes)
  }

  /** Reports an ending only after all received bytes were taken. */
  #finish(ending: () => void): void {
    this.#outbox.flush()
    if (this.#outbox.isEmpty) ending()
    else this.#ending ??= ending
  }

  /** Every exchange ends here, once. */
  #leave(isClean: boolean): void {
    const socket = this.#socket
    if (socket === undefined) return
    this.#socket = undefined
    this.#bytes = undefined
    this.#ending = undefined
    this.#outbox.clear()
    if (isClean) socket.release()
    else socket.destroy()
    this.#lease.ended()
    this.#onEnded(this)
  }
}
