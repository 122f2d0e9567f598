import type { ClientRequest, IncomingMessage } from 'node:http'
import type { ClientOptions, WebSocket } from 'ws'
import type { Clock } from '../../core/clock.ts'
import { nextTurn } from '../../core/turn.ts'
import { Part } from '../../errors/part.ts'
import type { HeaderPairs } from '../transport.ts'
import type { Connector, Dial, Socket } from '../undici/connector.ts'
import { PacedWrites } from './paced-writes.ts'
import { tooManyPings } from './socket-failure.ts'
import type { OpenWire, SocketEnd, Wire, WireEvents, WireRequest } from './wire.ts'

export interface WsWireOptions {
  readonly connector: Connector
  readonly clock: Clock
  /** Largest message from the endpoint, in bytes; `0`: no limit. */
  readonly maxPayload: number
  /** Largest header block of the answer to the upgrade, in bytes; `0`: the limit of Node. */
  readonly maxHeaderBytes: number
}

/** Milliseconds that a close frame may stay unanswered. */
const CLOSE_MS = 1000

/** Limits for the body of an answer that refuses the upgrade: bytes that are kept, and milliseconds to wait for the end. */
const REFUSAL_BYTES = 64 * 1024
const REFUSAL_MS = 1000

/** Loaded with the first socket, so that clients which use only HTTP never load it. */
const library = new Part(async () => (await import('ws')).WebSocket)

/** WebSockets of the `ws` library, over connections of our own connector. */
export function wsWires(options: WsWireOptions): OpenWire {
  return (request, events) => new WsWire(request, events, options)
}

class WsWire implements Wire {
  readonly #events: WireEvents
  readonly #options: WsWireOptions
  #ws: WebSocket | undefined
  #dial: Dial | undefined
  #socket: Socket | undefined
  #socketError: Error | undefined
  #writes: PacedWrites | undefined
  #maxMessageBytes: number | undefined
  #keepsAlive = true
  #isUpgraded = false
  #isOpen = false
  #hasEnded = false
  #hasClosed = false

  constructor(request: WireRequest, events: WireEvents, options: WsWireOptions) {
    this.#events = events
    this.#options = options
    void this.#open(request)
  }

  get isConnected(): boolean {
    return this.#socket !== undefined
  }

  get isSound(): boolean {
    const socket = this.#socket
    return socket !== undefined && !socket.destroyed && !socket.readableEnded && socket.writable
  }

  get flushed(): boolean {
    return this.#writes?.flushed ?? true
  }

  send(text: Uint8Array): void {
    this.#ws?.send(text, { binary: false, fin: true, compress: false })
  }

  ping(): void {
    this.#ws?.ping()
  }

  close(code: number): void {
    this.#hasEnded = true
    if (this.#ws === undefined) this.destroy()
    else this.#ws.close(code)
  }

  destroy(): void {
    this.#hasEnded = true
    this.#dial?.destroy()
    this.#ws?.terminate()
    this.#socket?.destroy()
    if (this.#socket === undefined) queueMicrotask(() => this.#closed())
  }

  pause(): void {
    this.#ws?.pause()
  }

  resume(): void {
    this.#ws?.resume()
  }

  ref(): void {
    this.#keepsAlive = true
    this.#socket?.ref()
  }

  unref(): void {
    this.#keepsAlive = false
    this.#socket?.unref()
  }

  async #open(request: WireRequest): Promise<void> {
    try {
      const Library = await library.load()
      if (this.#hasEnded) return
      this.#events.onConnecting()
      // `onConnecting` may have ended the wire.
      if (!this.#hasEnded) this.#upgrade(Library, request)
    } catch (error) {
      this.#end({ kind: 'failed', error: error as Error })
    }
  }

  #upgrade(Library: typeof WebSocket, { url, headers }: WireRequest): void {
    const { maxPayload, maxHeaderBytes, connector } = this.#options
    const wsOptions: ClientOptions & { readonly closeTimeout: number } = {
      headers: Object.fromEntries(headers),
      perMessageDeflate: false,
      // Invalid UTF-8 is decoded with replacement characters, as in an event stream.
      skipUTF8Validation: true,
      maxPayload: maxPayload === 0 ? Number.MAX_SAFE_INTEGER : maxPayload,
      // Milliseconds that the endpoint may keep the connection open after the close frames.
      closeTimeout: CLOSE_MS,
      followRedirects: false,
      ...(maxHeaderBytes === 0 ? {} : { maxHeaderSize: maxHeaderBytes }),
      createConnection: ((_options: unknown, callback: (error: Error | null, socket?: Socket) => void) => {
        this.#dial = connector.open(new URL(url.origin), (error, socket) => this.#connected(error, socket, callback))
      }) as never,
    }
    const ws = new Library(url, wsOptions)
    this.#ws = ws
    ws.on('unexpected-response', (request: ClientRequest, response: IncomingMessage) =>
      this.#refused(request, response),
    )
    ws.on('upgrade', (response: IncomingMessage) => {
      const announced = Number(response.headers['x-codex-websocket-max-message-bytes'])
      if (Number.isSafeInteger(announced) && announced > 0) this.#maxMessageBytes = announced
    })
    ws.on('open', () => {
      this.#isUpgraded = true
      // Reads messages that arrived together with the 101 before anything is sent, so that none of them counts as an answer.
      void nextTurn().then(() => this.#opened())
    })
    ws.on('message', (data: Buffer) => {
      if (!this.#hasEnded) this.#events.onMessage(data)
    })
    ws.on('ping', () => {
      // `ws` gives a connection up, and reports no error, where too many of its pongs wait to be written.
      if (ws.readyState !== Library.OPEN && !this.#hasClosed) this.#end({ kind: 'failed', error: tooManyPings() })
      else this.#events.onSign()
    })
    ws.on('pong', () => this.#events.onSign())
    ws.on('error', (error: Error & { code?: unknown }) => this.#failed(error))
    ws.on('close', (code: number) => {
      const error = this.#socketError
      this.#end(code === 1006 && error !== undefined ? { kind: 'failed', error } : { kind: 'closed', code })
    })
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
    if (this.#hasEnded) {
      socket.destroy()
      return
    }
    this.#socket = socket
    // It holds the request of the upgrade, which is larger than all else that a waiting response holds.
    this.#dial = undefined
    if (!this.#keepsAlive) socket.unref()
    // `ws` reports a reset as a close without a frame.
    socket.on('error', (failure) => {
      this.#socketError ??= failure
    })
    socket.once('close', () => this.#closed())
    this.#writes = new PacedWrites(socket, () => {
      if (this.#isOpen && !this.#hasEnded) this.#events.onAccepted()
    })
    callback(null, socket)
  }

  /** An invalid handshake, or an answer that is not HTTP, counts as a refused upgrade: the endpoint cannot speak WebSocket. */
  #failed(error: Error & { code?: unknown }): void {
    const { code } = error
    const isHandshake =
      !this.#isUpgraded && this.#socket !== undefined && (code === undefined || String(code).startsWith('HPE_'))
    this.#end(
      isHandshake
        ? { kind: 'refused', status: 101, headers: [], body: Buffer.alloc(0) }
        : { kind: 'failed', error: error as Error },
    )
  }

  /** Waits up to 1 s for the body, because the refusal may become the answer of the call. */
  #refused(request: ClientRequest, response: IncomingMessage): void {
    const chunks: Buffer[] = []
    let bytes = 0
    const settle = (): void => {
      this.#options.clock.clearTimer(timer)
      const body = Buffer.concat(chunks).subarray(0, REFUSAL_BYTES)
      const { statusCode: status = 0 } = response
      this.#end({ kind: 'refused', status, headers: pairsOf(response.rawHeaders), body })
      request.destroy()
    }
    const timer = this.#options.clock.setTimer(settle, REFUSAL_MS)
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes >= REFUSAL_BYTES) settle()
    })
    response.once('end', settle).once('error', settle).once('close', settle)
  }

  /** Reported before the end: an endpoint that upgraded and then failed has not refused WebSockets. */
  #opened(): void {
    if (this.#hasEnded || this.#isOpen) return
    this.#isOpen = true
    this.#events.onOpen(this.#maxMessageBytes)
  }

  /** Only the first end counts. */
  #end(end: SocketEnd): void {
    if (this.#isUpgraded) this.#opened()
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#events.onEnd(end)
  }

  #closed(): void {
    if (this.#hasClosed) return
    this.#hasClosed = true
    this.#events.onClosed()
  }
}

function pairsOf(raw: readonly string[]): HeaderPairs {
  const pairs: Array<readonly [string, string]> = []
  for (let i = 0; i + 1 < raw.length; i += 2) pairs.push([(raw[i] as string).toLowerCase(), raw[i + 1] as string])
  return pairs
}
