import type { ClientRequest, IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import type { Clock } from '../../core/clock.ts'
import type { HeaderPairs } from '../transport.ts'
import type { Connector, Dial, Socket } from '../undici/connector.ts'
import type { Turn } from './fit.ts'
import { Liveness, type LivenessSettings } from './liveness.ts'
import { isSideEvent } from './message.ts'
import { PacedWrites } from './paced-writes.ts'

/** How a socket ended. */
export type SocketEnd =
  /** The endpoint answered the upgrade with something else than 101, or with a 101 that is none. */
  | { readonly kind: 'refused'; readonly status: number; readonly headers: HeaderPairs }
  /** Closed by the endpoint; `code` as in RFC 6455 7.4, 1006 without a close frame. */
  | { readonly kind: 'closed'; readonly code: number }
  | { readonly kind: 'failed'; readonly error: Error }

/** Who has a response under way on a socket, or is about to. */
export interface SocketUser {
  onConnecting(): void
  /** The endpoint upgraded. Also called, once, when a user takes a socket that is open. */
  onOpen(): void
  /** Some of what was sent was accepted by the operating system; `flushed` tells whether all of it was. */
  onAccepted(): void
  /** One whole message: the bytes of a text frame, or of a binary one. */
  onMessage(bytes: Buffer, isBinary: boolean): void
  onEnd(end: SocketEnd): void
}

export interface SocketOptions extends LivenessSettings {
  readonly connector: Connector
  /** `http:` or `https:`: the address of the upgrade. */
  readonly url: URL
  readonly headers: HeaderPairs
  readonly clock: Clock
  /** Bytes of one message from the endpoint at most; `0`: no bound. */
  readonly maxPayload: number
  /** Bytes of the header block of the upgrade's answer at most; `0`: Node's own bound. */
  readonly maxHeaderBytes: number
  /** Called once, as soon as the socket takes no more responses. */
  onEnded(socket: ResponsesSocket): void
  /** Called once, when nothing of it is left open. */
  onClosed(socket: ResponsesSocket): void
}

let nextId = 1

/**
 * One WebSocket for its whole life: the upgrade, pings, and one response after the other. Never reconnected: after a
 * failure comes another socket.
 */
export class ResponsesSocket {
  readonly id = nextId++
  /** Responses that were asked for on it. */
  served = 0
  /** What the server knows, after a response that completed: what an increment builds on. */
  turn: Turn | undefined
  /** The id of the latest response: the only one that the server keeps in memory. */
  latestResponseId: string | undefined
  /** The server's own bound for a message; `undefined` where it announced none. */
  maxMessageBytes: number | undefined
  readonly #options: SocketOptions
  #user: SocketUser | undefined
  #state: 'new' | 'opening' | 'open' | 'ended' = 'new'
  #ws: WebSocket | undefined
  #dial: Dial | undefined
  #socket: Socket | undefined
  #writes: PacedWrites | undefined
  /** While it is open. */
  #liveness: Liveness | undefined
  #isPaused = false
  #hasClosed = false

  constructor(options: SocketOptions) {
    this.#options = options
  }

  /** Open, without a response under way, and young enough for another one. */
  get isIdle(): boolean {
    return this.#state === 'open' && this.#user === undefined && !this.isAged && this.#isSound
  }

  /** Open and without a response under way, whatever its age. */
  get isFree(): boolean {
    return this.#state === 'open' && this.#user === undefined && this.#isSound
  }

  /** Too old for another response. */
  get isAged(): boolean {
    return this.#liveness?.isAged ?? false
  }

  get hasEnded(): boolean {
    return this.#state === 'ended'
  }

  /** When its last response ended, on the monotonic clock. */
  get idleSince(): number {
    return this.#liveness?.idleSince ?? 0
  }

  /** Everything that was sent has been accepted by the operating system. */
  get flushed(): boolean {
    return this.#writes?.flushed ?? true
  }

  /** A FIN that has arrived counts, also when nobody has read it yet; so does a ping that was not answered in time. */
  get #isSound(): boolean {
    const socket = this.#socket
    if (socket === undefined || socket.destroyed || socket.readableEnded || !socket.writable) return false
    return this.#liveness?.isAlive ?? false
  }

  /** Takes the socket for one response; opens it if it is new. */
  use(user: SocketUser): void {
    this.#user = user
    this.#liveness?.busy()
    this.served++
    this.#socket?.ref()
    if (this.#state === 'open') user.onOpen()
    else if (this.#state === 'new') void this.#open()
  }

  /** Sends one text message. */
  send(bytes: Uint8Array): void {
    this.#ws?.send(bytes, { binary: false, fin: true, compress: false })
  }

  /** The response is over and the socket can take another one. */
  release(): void {
    this.#user = undefined
    if (this.#state !== 'open') return
    this.resume()
    this.#socket?.unref()
    if (this.isAged) this.close()
    else this.#liveness?.idle()
  }

  pause(): void {
    if (this.#isPaused || this.#state !== 'open') return
    this.#isPaused = true
    this.#liveness?.pause()
    this.#ws?.pause()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#ws?.resume()
    this.#liveness?.resume()
  }

  /** Ends the socket with a close frame; destroyed soon after, whether it is answered or not. */
  close(code = 1000): void {
    if (this.#state !== 'open') {
      this.destroy()
      return
    }
    this.#finish()
    this.#ws?.close(code)
    const socket = this.#socket
    const timer = this.#options.clock.setTimer(() => socket?.destroy(), CLOSE_MS, { unref: true })
    socket?.once('close', () => this.#options.clock.clearTimer(timer))
  }

  /** Ends it now, also while it is opening. Idempotent. */
  destroy(): void {
    this.#finish()
    this.#dial?.destroy()
    this.#ws?.terminate()
    this.#socket?.destroy()
    if (this.#socket === undefined) this.#closed()
  }

  #closed(): void {
    if (this.#hasClosed) return
    this.#hasClosed = true
    this.#options.onClosed(this)
  }

  async #open(): Promise<void> {
    this.#state = 'opening'
    try {
      // Loaded with the first socket: clients that use HTTP alone never pay for it.
      const { WebSocket: Library } = await import('ws')
      if (this.#state !== 'opening') return
      this.#user?.onConnecting()
      this.#upgrade(Library)
    } catch (error) {
      this.#end({ kind: 'failed', error: error as Error })
    }
  }

  #upgrade(Library: typeof WebSocket): void {
    const { url, headers, maxPayload, maxHeaderBytes, connector } = this.#options
    const ws = new Library(url, {
      headers: Object.fromEntries(headers),
      perMessageDeflate: false,
      // Invalid UTF-8 is read as an event stream reads it.
      skipUTF8Validation: true,
      maxPayload: maxPayload === 0 ? Number.MAX_SAFE_INTEGER : maxPayload,
      followRedirects: false,
      ...(maxHeaderBytes === 0 ? {} : { maxHeaderSize: maxHeaderBytes }),
      createConnection: ((_options: unknown, callback: (error: Error | null, socket?: Socket) => void) => {
        this.#dial = connector.open(new URL(url.origin), (error, socket) => this.#connected(error, socket, callback))
      }) as never,
    })
    this.#ws = ws
    ws.on('unexpected-response', (request: ClientRequest, response: IncomingMessage) => {
      const refused = {
        kind: 'refused',
        status: response.statusCode ?? 0,
        headers: pairsOf(response.rawHeaders),
      } as const
      request.destroy()
      this.#end(refused)
    })
    ws.on('upgrade', (response: IncomingMessage) => {
      const announced = Number(response.headers['x-codex-websocket-max-message-bytes'])
      if (Number.isSafeInteger(announced) && announced > 0) this.maxMessageBytes = announced
    })
    ws.on('open', () => this.#opened())
    ws.on('message', (data: Buffer, isBinary: boolean) => {
      this.#liveness?.heard()
      if (this.#user === undefined) this.#strayMessage(data)
      else this.#user.onMessage(data, isBinary)
    })
    ws.on('ping', () => this.#liveness?.heard())
    ws.on('pong', () => this.#liveness?.heard())
    ws.on('error', (error: Error & { code?: unknown }) => {
      // A handshake that is none: the endpoint speaks HTTP, but not WebSocket.
      const isHandshake = this.#state === 'opening' && this.#socket !== undefined && error.code === undefined
      this.#end(isHandshake ? { kind: 'refused', status: 101, headers: [] } : { kind: 'failed', error })
    })
    ws.on('close', (code: number) => this.#end({ kind: 'closed', code }))
  }

  #connected(
    error: Error | null,
    socket: Socket | null,
    callback: (error: Error | null, socket?: Socket) => void,
  ): void {
    if (error !== null || socket === null) {
      callback(error ?? new Error('no connection'))
      return
    }
    if (this.#state === 'ended') {
      socket.destroy()
      return
    }
    this.#socket = socket
    socket.once('close', () => this.#closed())
    this.#writes = new PacedWrites(socket, () => {
      if (this.#state === 'open') this.#user?.onAccepted()
    })
    callback(null, socket)
  }

  #opened(): void {
    if (this.#state !== 'opening') return
    this.#state = 'open'
    this.#liveness = new Liveness(this.#options, {
      ping: () => this.#ws?.ping(),
      onDead: (error) => this.#end({ kind: 'failed', error }),
      onOver: () => this.close(),
    })
    this.#user?.onOpen()
  }

  /** Between two responses only what speaks of the socket itself may come; anything else would be taken for the next answer. */
  #strayMessage(data: Buffer): void {
    if (!isSideEvent(data)) this.destroy()
  }

  /** The first word counts. */
  #end(end: SocketEnd): void {
    if (this.#state === 'ended') return
    const user = this.#user
    this.#finish()
    this.destroy()
    user?.onEnd(end)
  }

  #finish(): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#user = undefined
    this.turn = undefined
    this.#liveness?.stop()
    this.#options.onEnded(this)
  }
}

/** How long a close frame may stay unanswered. */
const CLOSE_MS = 1000

function pairsOf(raw: readonly string[]): HeaderPairs {
  const pairs: Array<readonly [string, string]> = []
  for (let i = 0; i + 1 < raw.length; i += 2) pairs.push([(raw[i] as string).toLowerCase(), raw[i + 1] as string])
  return pairs
}
