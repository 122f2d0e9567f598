import type { Member } from '../../core/live-set.ts'
import type { Exchange, ExchangeObserver } from '../transport.ts'
import { EarlyEvents } from './early-events.ts'
import { type ErrorAnswer, errorAnswerOf } from './error-answer.ts'
import type { RequestPrint } from './fit.ts'
import { frameOf, isSideType, isSignOfLife, kindOf, type MessageKind, withoutPreviousId } from './message.ts'
import type { ResponsesSocket, SocketUser } from './socket.ts'
import { errorOfEnd, foreignEvent, messageTooLarge } from './socket-failure.ts'
import { TurnRecorder } from './turn-recorder.ts'
import type { SocketEnd } from './wire.ts'

/** One `response.create`, and what is to be known of it. */
export interface SocketMessage {
  readonly bytes: Uint8Array
  /** What is compared of the whole request, for the next turn; `undefined` where there will be no increment. */
  readonly print: RequestPrint | undefined
  /** Sent with `store: false`: only the server of the socket can continue the response. */
  readonly isOnlyCopy: boolean
  /**
   * The caller has sent no `previous_response_id`, and this one stands in the message: events that repeat it are handed on
   * with `null` in its place.
   */
  readonly hiddenPreviousId: string | undefined
}

/** What holds the socket for the exchange. */
export interface LeaseOfExchange {
  /** Told of the id of a response that only this socket's server keeps. */
  brought(responseId: string): void
  poisoned(reason: string): void
  /** The socket is free again, or gone. */
  ended(): void
}

export interface SocketExchangeOptions {
  /** Held by this exchange until it ends. */
  readonly socket: ResponsesSocket
  readonly message: SocketMessage
  readonly lease: LeaseOfExchange
  readonly observer: ExchangeObserver
  /** Told once. */
  onEnded(exchange: SocketExchange): void
}

/** Bytes that may wait for a paused observer before the socket is no longer read. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024

/** An upgrade's headers are not those of a response, so the head that is made up says no more than it must. */
const STREAM_HEAD = { status: 200, statusText: 'OK', headers: [['content-type', 'text/event-stream']] } as const

/** Answers to an upgrade that may be those of the call, so that their hints and words are judged as over HTTP. */
const ANSWERS: ReadonlySet<number> = new Set([401, 429, 503])

/**
 * One response on a socket, reported as the event stream that HTTP would have brought: behind a head of 200, or as an
 * HTTP answer where the first message is an error with a status.
 */
export class SocketExchange implements Exchange, SocketUser, Member {
  place = -1
  readonly #lease: LeaseOfExchange
  readonly #onEnded: SocketExchangeOptions['onEnded']
  readonly #facts: Omit<SocketMessage, 'bytes'>
  /** Until it is sent. */
  #bytes: Uint8Array | undefined
  /** Came before the request was sent. */
  #unasked: Buffer | undefined
  #observer: ExchangeObserver | undefined
  #socket: ResponsesSocket | undefined
  #hasHead = false
  #hasSent = false
  readonly #turn: TurnRecorder
  readonly #early = new EarlyEvents()
  /** The endpoint has ended the response, so that the socket can take another one. */
  #isClean = false
  /** An `error` message came. Some endpoints do not answer what is sent on the socket after that. */
  #hasErred = false
  #isTerminated = false
  #isPaused = false
  #waiting: Buffer[] = []
  #waitingBytes = 0
  /** What ends the exchange once everything that waits was taken. */
  #ending: (() => void) | undefined

  constructor({ socket, message, lease, observer, onEnded }: SocketExchangeOptions) {
    const { bytes, ...facts } = message
    this.#bytes = bytes
    this.#facts = facts
    this.#lease = lease
    this.#onEnded = onEnded
    this.#observer = observer
    this.#socket = socket
    this.#turn = new TurnRecorder(facts.print, socket.latestResponseId)
    // Nothing may be reported before `send` has returned.
    queueMicrotask(() => this.#socket?.use(this))
  }

  // What the owner of the exchange asks for.

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    while (!this.#isPaused && this.#waiting.length > 0) {
      const next = this.#waiting.shift() as Buffer
      this.#waitingBytes -= next.length
      this.#observer?.data(next)
    }
    if (this.#isPaused) return
    if (this.#waitingBytes < MAX_WAITING_BYTES) this.#socket?.resume()
    this.#ending?.()
  }

  destroy(): void {
    this.#observer = undefined
    this.#leave(false)
  }

  /** Nothing is left to read behind the end of a response, and before the end nothing can be skipped. */
  drain(): void {
    this.#observer = undefined
    this.#leave(this.#isClean)
  }

  poison(reason: string): void {
    this.#isClean = false
    this.#lease.poisoned(reason)
  }

  /** The transport is being destroyed. */
  fail(error: Error): void {
    this.#fail(error)
  }

  // What the socket tells.

  onConnecting(): void {
    this.#observer?.connecting()
  }

  onOpen(): void {
    const socket = this.#socket
    if (socket === undefined) return
    const bytes = this.#bytes as Uint8Array
    this.#bytes = undefined
    const { generation, served, id, maxMessageBytes = Infinity } = socket
    this.#observer?.connected({ generation, reused: served > 1, connectionId: id })
    // Being told may have been enough for the observer to end it.
    if (this.#socket === undefined) return
    if (this.#unasked !== undefined) this.#judgeUnasked(this.#unasked)
    else if (bytes.length <= maxMessageBytes) socket.send(bytes)
    else this.#fail(messageTooLarge(bytes.length, maxMessageBytes), true)
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
    if (kind?.type === 'error') this.#hasErred = true
    if (this.#isTerminated) {
      // The response is over: an event of another one makes the socket useless.
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
      this.#fail(foreignEvent(kind.type))
      return
    }
    this.#head()
    this.#forward(frameOf(this.#asCallerSent(kind, bytes)))
  }

  onEnd(end: SocketEnd): void {
    this.#isClean = false
    if (end.kind === 'refused' && ANSWERS.has(end.status)) this.#answer(end)
    else this.#finish(() => this.#fail(errorOfEnd(end)))
  }

  // Inside.

  /** An error may speak of the client or of the socket, whatever is asked. Everything else answers another request. */
  #judgeUnasked(bytes: Buffer): void {
    const kind = kindOf(bytes)
    if (kind?.type === 'error') this.onMessage(bytes)
    else this.#fail(foreignEvent(kind?.type ?? ''))
  }

  /** The first message alone can stand for an HTTP answer. */
  #answerIn({ type, json }: MessageKind): ErrorAnswer | undefined {
    if (type !== 'error' || json === undefined || this.#hasHead) return undefined
    return errorAnswerOf(json)
  }

  #answer({ status, headers, body }: ErrorAnswer): void {
    this.#isTerminated = true
    this.#hasHead = true
    this.#observer?.head({ status, statusText: '', headers })
    if (body.length > 0) this.#forward(body)
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
    if (isFirst && responseId !== undefined && this.#facts.isOnlyCopy) this.#lease.brought(responseId)
    if (!this.#turn.isOver) return true
    this.#isTerminated = true
    this.#isClean = !this.#hasErred
    this.#socket?.learn(this.#turn.outcome(), this.#facts.isOnlyCopy)
    return true
  }

  /** The event as an endpoint would have sent it that got the request as the caller made it. */
  #asCallerSent(kind: MessageKind | undefined, bytes: Buffer): Buffer {
    const { hiddenPreviousId } = this.#facts
    if (hiddenPreviousId === undefined || kind?.json?.response === undefined) return bytes
    return withoutPreviousId(bytes, kind.json, hiddenPreviousId)
  }

  #head(): void {
    if (this.#hasHead) return
    this.#hasHead = true
    this.#observer?.head(STREAM_HEAD)
    for (const bytes of this.#early.take()) this.#forward(frameOf(bytes))
  }

  #forward(bytes: Buffer): void {
    if (!this.#isPaused && this.#waiting.length === 0) {
      this.#observer?.data(bytes)
      return
    }
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    if (this.#waitingBytes >= MAX_WAITING_BYTES) this.#socket?.pause()
  }

  /** Everything that was received is handed over before an ending is told. */
  #finish(ending: () => void): void {
    if (this.#waiting.length === 0) ending()
    else this.#ending ??= ending
  }

  #fail(error: Error, isClean = false): void {
    const observer = this.#observer
    this.#observer = undefined
    this.#leave(isClean)
    observer?.error(error)
  }

  /** The one end of every exchange. */
  #leave(isClean: boolean): void {
    const socket = this.#socket
    if (socket === undefined) return
    this.#socket = undefined
    this.#bytes = undefined
    this.#ending = undefined
    this.#waiting = []
    this.#waitingBytes = 0
    if (isClean) socket.release()
    else socket.destroy()
    this.#lease.ended()
    this.#onEnded(this)
  }
}
