import type { Exchange, ExchangeObserver } from '../transport.ts'
import { outputItemOf, type RequestPrint, type Turn } from './fit.ts'
import {
  type ErrorAnswer,
  errorAnswerOf,
  frameOf,
  isSideEvent,
  kindOf,
  type MessageKind,
  responseIdOf,
} from './message.ts'
import { isObject, type Json } from './prints.ts'
import type { ResponsesSocket, SocketEnd, SocketUser } from './socket.ts'

export interface SocketExchangeOptions {
  /** Held by this exchange until it ends. */
  readonly socket: ResponsesSocket
  /** The message to send: a `response.create`. */
  readonly message: Uint8Array
  readonly observer: ExchangeObserver
  /** What is compared of the whole request, for the next turn; `undefined` where there will be no increment. */
  readonly print: RequestPrint | undefined
  /** The message continues a response: a refusal makes the server forget it. */
  readonly isContinuation: boolean
  /** Told once, when the socket is free again or gone. */
  onEnded(exchange: SocketExchange): void
}

/** Bytes that may wait for a paused observer before the socket is no longer read. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024

/** An upgrade's headers are not those of a response, so the head that is made up says no more than it must. */
const STREAM_HEAD = { status: 200, statusText: 'OK', headers: [['content-type', 'text/event-stream']] } as const

const TERMINAL: ReadonlySet<string> = new Set(['response.completed', 'response.failed', 'response.incomplete'])

/**
 * One response on a socket, reported as the event stream that HTTP would have brought: behind a head of 200, or as an
 * HTTP answer where the first message is an error with a status.
 */
export class SocketExchange implements Exchange, SocketUser {
  readonly #options: SocketExchangeOptions
  #observer: ExchangeObserver | undefined
  #socket: ResponsesSocket | undefined
  #hasHead = false
  #hasSent = false
  #responseId: string | undefined
  /** Items as their own events had them, for the next turn. */
  #items: Json[] = []
  /** The endpoint's last word: the socket can take another response. */
  #isClean = false
  #terminal: MessageKind | undefined
  #isPaused = false
  #waiting: Buffer[] = []
  #waitingBytes = 0
  /** What ends the exchange once everything that waits was taken. */
  #ending: (() => void) | undefined

  constructor(options: SocketExchangeOptions) {
    this.#options = options
    this.#observer = options.observer
    this.#socket = options.socket
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

  poison(): void {
    this.#isClean = false
  }

  // What the socket tells.

  onConnecting(): void {
    this.#observer?.connecting()
  }

  onOpen(): void {
    const socket = this.#socket
    if (socket === undefined) return
    this.#observer?.connected({ generation: 0, reused: socket.served > 1, connectionId: socket.id })
    // Being told may have been enough for the observer to end it.
    if (this.#socket === undefined) return
    socket.send(this.#options.message)
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
    this.#hasSent = true
    if (this.#terminal !== undefined) {
      // The response is over: what speaks of another one makes the socket useless.
      if (!isSideEvent(bytes)) this.#isClean = false
      return
    }
    const kind = kindOf(bytes)
    if (kind !== undefined) {
      const answer = this.#answerIn(kind)
      if (answer !== undefined) {
        this.#answer(answer)
        return
      }
      const foreign = this.#isForeign(kind, bytes)
      if (foreign) {
        this.#fail(codedError('ERR_RESILIENT_FOREIGN_EVENT', 'the socket brought an event of another response'))
        return
      }
      this.#note(kind)
    }
    this.#head()
    this.#forward(frameOf(bytes))
  }

  onEnd(end: SocketEnd): void {
    this.#isClean = false
    this.#finish(() => this.#fail(errorOf(end)))
  }

  // Inside.

  /** The first message alone can stand for an HTTP answer. */
  #answerIn({ type, json }: MessageKind): ErrorAnswer | undefined {
    if (type !== 'error' || json === undefined || this.#hasHead) return undefined
    return errorAnswerOf(json)
  }

  #answer({ status, headers, body }: ErrorAnswer): void {
    const socket = this.#options.socket
    if (this.#options.isContinuation) forget(socket)
    // The endpoint has turned the request away and keeps nothing of it.
    this.#isClean = status < 500
    this.#terminal = { type: 'error', json: undefined }
    this.#hasHead = true
    this.#observer?.head({ status, statusText: '', headers })
    this.#forward(body)
    this.#finish(() => {
      const observer = this.#observer
      this.#observer = undefined
      this.#leave(this.#isClean)
      observer?.end()
    })
  }

  /**
   * Whether a message belongs to another response: deltas do not say whose they are, so a response has to begin with an
   * event that names it, and to end with one of the same name.
   */
  #isForeign({ type, json }: MessageKind, bytes: Buffer): boolean {
    const id = responseIdOf(json)
    if (this.#responseId === undefined) {
      if (type === 'error' || isSideEvent(bytes)) return false
      if (id === undefined || id === this.#options.socket.latestResponseId) return true
      this.#responseId = id
      return false
    }
    return id !== undefined && id !== this.#responseId
  }

  #note(kind: MessageKind): void {
    const { type, json } = kind
    if (type === 'response.output_item.done' && json?.item !== undefined) this.#items.push(json.item)
    if (!TERMINAL.has(type)) return
    this.#terminal = kind
    this.#isClean = true
    const socket = this.#options.socket
    forget(socket)
    if (type === 'response.failed') return
    socket.latestResponseId = this.#responseId
    if (type === 'response.completed') socket.turn = this.#turn(json)
  }

  #turn(json: MessageKind['json']): Turn | undefined {
    const { print } = this.#options
    const responseId = this.#responseId
    if (print === undefined || responseId === undefined) return undefined
    const response = isObject(json?.response) ? json.response : {}
    const stated = Array.isArray(response.output) ? (response.output as readonly Json[]) : []
    const items = this.#items
    // Some endpoints state no output at the end, or send no events of items. Two that disagree say nothing certain.
    if (items.length > 0 && stated.length > 0 && items.length !== stated.length) return undefined
    const count = Math.max(items.length, stated.length)
    const output = Array.from({ length: count }, (_, i) =>
      outputItemOf([items[i], stated[i]].filter((form) => form !== undefined)),
    )
    return { responseId, request: print, output }
  }

  #head(): void {
    if (this.#hasHead) return
    this.#hasHead = true
    this.#observer?.head(STREAM_HEAD)
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

  #fail(error: Error): void {
    const observer = this.#observer
    this.#observer = undefined
    this.#leave(false)
    observer?.error(error)
  }

  /** The one end of every exchange. */
  #leave(isClean: boolean): void {
    const socket = this.#socket
    if (socket === undefined) return
    this.#socket = undefined
    this.#waiting = []
    this.#waitingBytes = 0
    if (isClean) socket.release()
    else socket.destroy()
    this.#options.onEnded(this)
  }
}

/** The server keeps the latest response alone, and none that a continuation of it failed with. */
function forget(socket: ResponsesSocket): void {
  socket.turn = undefined
  socket.latestResponseId = undefined
}

function codedError(code: string, message: string, more: object = {}): Error {
  return Object.assign(new Error(message), { code, ...more })
}

function errorOf(end: SocketEnd): Error {
  switch (end.kind) {
    case 'failed':
      return end.error
    case 'refused':
      return codedError('ERR_RESILIENT_UPGRADE_REFUSED', `the endpoint answered the upgrade with ${end.status}`, {
        end,
      })
    case 'closed':
      return codedError('ERR_RESILIENT_SOCKET_CLOSED', `the endpoint closed the socket (${end.code})`, { end })
  }
}
