import { EventEmitter } from 'node:events'
import type { TimerHandle } from '../../../src/core/clock.ts'
import { type ExchangeHandle, endpointOf, type Network, networkOf } from './network.ts'
import type { SimSocket } from './sockets.ts'
import type { Arrival, Reader } from './wire.ts'

interface Handler {
  onRequestStart(controller: Controller, context: object): void
  onBodySent?(chunk: Uint8Array): void
  onRequestSent?(): void
  onResponseStart(controller: Controller, status: number, headers: object, statusText: string): void
  onResponseData(controller: Controller, chunk: Uint8Array): void
  onResponseEnd(controller: Controller, trailers: object): void
  onResponseError(controller: Controller | undefined, error: Error): void
}

interface DispatchOptions {
  readonly path: string
  readonly method: string
  readonly headers: readonly string[]
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | null
}

interface Running {
  readonly handler: Handler
  readonly options: DispatchOptions
  readonly exchange: ExchangeHandle
  readonly controller: Controller
  answered: boolean
  untilClose: boolean
}

class Controller {
  rawHeaders: readonly string[] | null = null
  paused = false
  readonly #onResume: () => void
  readonly #onAbort: (reason: Error) => void

  constructor(onResume: () => void, onAbort: (reason: Error) => void) {
    this.#onResume = onResume
    this.#onAbort = onAbort
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    this.#onResume()
  }

  abort(reason: Error): void {
    this.#onAbort(reason)
  }
}

/** What the pool asks of undici's `Client`. */
interface ClientOptions {
  readonly connect: (target: object, callback: (error: Error | null, socket: SimSocket | null) => void) => void
  readonly keepAliveTimeout: number
}

/**
 * Stands in for undici's `Client`: the same callbacks in the same order, one request at a time, over a simulated socket.
 * Everything above it (connections, pools, leases, exchanges) is the real thing.
 */
export class Client extends EventEmitter implements Reader {
  destroyed = false
  closed = false
  readonly #network: Network
  readonly #endpoint: number
  readonly #options: ClientOptions
  #socket: SimSocket | undefined
  #pending: Running | undefined
  #running: Running | undefined
  #failure: Error | undefined
  #idleTimer: TimerHandle | undefined

  constructor(origin: URL, options: ClientOptions) {
    super()
    this.#network = networkOf(origin)
    this.#endpoint = endpointOf(origin)
    this.#options = options
  }

  get paused(): boolean {
    return this.#running?.controller.paused ?? false
  }

  dispatch(options: DispatchOptions, handler: Handler): boolean {
    const { path, method, headers } = options
    const exchange = this.#network.endpoints.begin({ path, method, headers, endpoint: this.#endpoint })
    const controller = new Controller(
      () => this.#socket?.wire.flow(),
      (reason) => this.#break(reason),
    )
    const running = { handler, options, exchange, controller, answered: false, untilClose: false }
    if (this.destroyed || this.#pending !== undefined || this.#running !== undefined) {
      handler.onResponseError(undefined, coded('UND_ERR_DESTROYED', 'The client is destroyed'))
      return false
    }
    if (this.#socket !== undefined) {
      this.#write(running, this.#socket)
      return true
    }
    this.#pending = running
    this.#network.dialling = exchange
    this.#options.connect({}, (error, socket) => this.#onConnect(error, socket))
    this.#network.dialling = undefined
    return true
  }

  destroy(error: Error): Promise<void> {
    this.destroyed = true
    this.#stopIdling()
    this.#failure ??= error
    const pending = this.#pending
    this.#pending = undefined
    if (pending !== undefined) fail(pending, error)
    this.#socket?.destroy()
    return Promise.resolve()
  }

  // What comes over the socket.

  read(arrival: Exclude<Arrival, { kind: 'act' }>): void {
    const running = this.#running
    if (arrival.kind === 'fin') {
      this.#onFin(running)
      return
    }
    // Nothing was asked: bytes behind an answer end a connection.
    if (running === undefined) {
      if (arrival.kind !== 'end') this.#break(coded('UND_ERR_SOCKET', 'bad response'))
      return
    }
    const { handler, controller, exchange } = running
    switch (arrival.kind) {
      case 'head':
        running.answered = true
        running.untilClose = arrival.untilClose
        controller.rawHeaders = arrival.headers
        exchange.read(0)
        handler.onResponseStart(controller, arrival.status, {}, 'OK')
        break
      case 'data':
        for (const chunk of arrival.chunks) if (this.#running === running) handler.onResponseData(controller, chunk)
        exchange.read(arrival.frames)
        break
      case 'end':
        this.#finish(running, arrival.closes)
        break
      case 'bad_chunk':
        this.#break(Object.assign(new Error('Invalid character in chunk size'), { name: 'HTTPParserError' }))
    }
  }

  /** The socket has told its own listeners already. */
  reset(error: Error): void {
    this.#failure ??= error
    const running = this.#running
    // undici takes what ends with its connection for complete, however it ended.
    if (running?.answered && running.untilClose) this.#finish(running, true)
  }

  #onConnect(error: Error | null, socket: SimSocket | null): void {
    const pending = this.#pending
    this.#pending = undefined
    if (socket === null) {
      if (pending !== undefined) fail(pending, error ?? new Error('no socket'))
      return
    }
    if (this.destroyed) {
      socket.destroy()
      return
    }
    this.#socket = socket
    socket.wire.reader = this
    socket.once('close', () => this.#onClose())
    if (pending !== undefined) this.#write(pending, socket)
  }

  #write(running: Running, socket: SimSocket): void {
    this.#stopIdling()
    this.#running = running
    const { handler, controller, options, exchange } = running
    handler.onRequestStart(controller, {})
    if (socket.destroyed) return
    const { body } = options
    const whole = body === null ? '' : body instanceof Uint8Array ? Buffer.from(body).toString() : undefined
    exchange.writes(socket.wire, whole)
    if (whole === undefined) {
      void this.#writePieces(running, socket, body as AsyncIterable<Uint8Array>)
      return
    }
    socket.wire.onTaken = () => exchange.arrived(whole)
    ;(socket.write as (chunk: unknown) => boolean)(whole === '' ? 'head' : whole)
    if (body !== null) handler.onBodySent?.(body as Uint8Array)
    handler.onRequestSent?.()
  }

  async #writePieces(running: Running, socket: SimSocket, body: AsyncIterable<Uint8Array>): Promise<void> {
    const { handler, exchange } = running
    const sent: Uint8Array[] = []
    try {
      for await (const chunk of body) {
        if (socket.destroyed) return
        sent.push(chunk)
        ;(socket.write as (chunk: unknown) => boolean)(chunk)
        handler.onBodySent?.(chunk)
      }
    } catch (error) {
      this.#break(error as Error)
      return
    }
    if (socket.destroyed) return
    socket.wire.onTaken = () => exchange.arrived(Buffer.concat(sent).toString())
    handler.onRequestSent?.()
    ;(socket.write as (chunk: unknown) => boolean)('end')
  }

  #onFin(running: Running | undefined): void {
    const socket = this.#socket
    if (socket !== undefined) socket.readableEnded = true
    if (running?.answered && running.untilClose) this.#finish(running, true)
    else this.#break(coded('UND_ERR_SOCKET', 'other side closed'))
  }

  #finish(running: Running, closes: boolean): void {
    this.#running = undefined
    running.exchange.complete()
    running.handler.onResponseEnd(running.controller, {})
    if (closes) this.#socket?.destroy()
    else if (!this.destroyed) this.#idleTimer = this.#armIdle()
  }

  #armIdle(): TimerHandle {
    const { clock } = this.#network
    return clock.setTimer(
      () => this.#break(coded('UND_ERR_INFO', 'socket idle timeout')),
      this.#options.keepAliveTimeout,
    )
  }

  #stopIdling(): void {
    if (this.#idleTimer !== undefined) this.#network.clock.clearTimer(this.#idleTimer)
    this.#idleTimer = undefined
  }

  #break(error: Error): void {
    this.#failure ??= error
    this.#socket?.destroy()
  }

  #onClose(): void {
    const error = this.#failure ?? coded('UND_ERR_SOCKET', 'closed')
    const running = this.#running
    this.#running = undefined
    this.#socket = undefined
    this.#stopIdling()
    if (running !== undefined) fail(running, error)
    this.emit('disconnect', undefined, [this], error)
  }
}

export const loadedClient = (): typeof Client => Client
export const loadClient = (): Promise<typeof Client> => Promise.resolve(Client)

function fail(running: Running, error: Error): void {
  running.handler.onResponseError(running.controller, error)
}

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
