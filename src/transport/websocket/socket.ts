import type { Clock, TimerHandle } from '../../core/clock.ts'
import { RecentMap } from '../../core/recent-map.ts'
import type { Turn } from './fit.ts'
import { Liveness, type LivenessSettings } from './liveness.ts'
import { isSideType, kindOf, responseIdOf } from './message.ts'
import type { SocketKey } from './socket-key.ts'
import type { TurnOutcome } from './turn-recorder.ts'
import type { OpenWire, SocketEnd, Wire } from './wire.ts'

/** The user of a socket: it receives a response, or is about to ask for one. */
export interface SocketUser {
  onConnecting(): void
  /** The endpoint upgraded. If the socket is open already, called when the user takes it. */
  onOpen(): void
  /** The operating system has accepted a piece of what was sent. */
  onAccepted(): void
  /** One whole message: the bytes of a text frame, or of a binary one. */
  onMessage(bytes: Buffer): void
  onEnd(end: SocketEnd): void
}

export interface SocketOptions extends LivenessSettings {
  readonly clock: Clock
  readonly key: SocketKey
  /** The number of this socket among those to its address, from 1. */
  readonly generation: number
  readonly open: OpenWire
  /** Called once, when the endpoint has upgraded. */
  onOpened(socket: ResponsesSocket): void
  /** Called once, as soon as the socket carries no further response. */
  onEnded(socket: ResponsesSocket): void
  /** Called once, when its connection is closed. */
  onClosed(socket: ResponsesSocket): void
}

/** Milliseconds that a close frame may stay unanswered. */
const CLOSE_MS = 1000

/** The socket remembers the ids of this many responses, because their events may arrive late. */
const MAX_RESPONSES = 1000

let nextId = 1

/**
 * One WebSocket for its whole life: the upgrade, pings, and one response after the other. It never reconnects: after a
 * failure the pool opens another socket.
 */
export class ResponsesSocket {
  readonly id = nextId++
  readonly key: SocketKey
  readonly generation: number
  /** Number of responses that were requested on it. */
  served = 0
  /** What the server knows after a completed response. An increment is compared with it. */
  turn: Turn | undefined
  /** The id of the latest response: the only one that the server keeps in memory. */
  latestResponseId: string | undefined
  /** The latest response was made with `store: false`: only the server of this socket can continue it. */
  holdsOnlyCopy = false
  /** The largest message that the server announced to accept, in bytes; `undefined`: not announced. */
  maxMessageBytes: number | undefined
  readonly #options: SocketOptions
  readonly #brought = new RecentMap<string, true>(MAX_RESPONSES)
  #user: SocketUser | undefined
  #state: 'new' | 'opening' | 'open' | 'ended' = 'new'
  #wire: Wire | undefined
  /** Set while the socket is open. */
  #liveness: Liveness | undefined
  #isPaused = false
  /** Set while our close frame waits for an answer. */
  #closing: TimerHandle | undefined

  constructor(options: SocketOptions) {
    this.#options = options
    this.key = options.key
    this.generation = options.generation
  }

  /** Open, without a response under way, and young enough for another one. */
  get isIdle(): boolean {
    return this.isFree && !this.isAged
  }

  /** Open and without a response under way, whatever its age. Not free if a ping was not answered in time. */
  get isFree(): boolean {
    return this.#isUnused && this.#isAlive
  }

  /** Not free, although no response is under way: its end was not noticed yet. */
  get isDead(): boolean {
    return this.#isUnused && !this.#isAlive
  }

  get #isUnused(): boolean {
    return this.#state === 'open' && this.#user === undefined
  }

  get #isAlive(): boolean {
    return this.#wire?.isSound === true && this.#liveness?.isAlive === true
  }

  /** Too old for another response. */
  get isAged(): boolean {
    return this.#liveness?.isAged ?? false
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  get hasEnded(): boolean {
    return this.#state === 'ended'
  }

  /** The connection to the endpoint was made. The upgrade may be missing. */
  get hasConnected(): boolean {
    return this.#wire?.isConnected ?? false
  }

  /** When its last response ended, on the monotonic clock. */
  get idleSince(): number {
    return this.#liveness?.idleSince ?? 0
  }

  /** The operating system has accepted everything that was sent. */
  get flushed(): boolean {
    return this.#wire?.flushed ?? true
  }

  /** Takes the socket for one response; opens it if it is new. */
  use(user: SocketUser): void {
    this.served++
    this.#take(user)
  }

  /** Opens the socket for later responses. `user` learns whether that worked, and then releases the socket. */
  prepare(user: SocketUser): void {
    this.#take(user)
    this.#wire?.unref()
  }

  /** Sends one text message. */
  send(bytes: Uint8Array): void {
    this.#wire?.send(bytes)
  }

  /** The response is over and the socket can take another one. */
  release(): void {
    this.#user = undefined
    if (this.#state !== 'open') return
    this.resume()
    this.#wire?.unref()
    if (this.isAged && !this.holdsOnlyCopy) this.close()
    else this.#liveness?.idle(!this.holdsOnlyCopy)
  }

  pause(): void {
    if (this.#isPaused || this.#state !== 'open') return
    this.#isPaused = true
    this.#liveness?.pause()
    this.#wire?.pause()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#wire?.resume()
    this.#liveness?.resume()
  }

  /** Records what the server keeps after a response. */
  learn({ responseId, turn }: TurnOutcome, isOnlyCopy: boolean): void {
    this.turn = turn
    this.latestResponseId = responseId
    this.holdsOnlyCopy = isOnlyCopy && responseId !== undefined
  }

  /** Remembers the id of a response that has begun. */
  brings(responseId: string): void {
    this.#brought.set(responseId, true)
  }

  hasBrought(responseId: string): boolean {
    return this.#brought.peek(responseId) !== undefined
  }

  /** Forgets what the server of the socket knew. */
  forget(): void {
    this.turn = undefined
    this.latestResponseId = undefined
    this.holdsOnlyCopy = false
  }

  /** Ends the socket with a close frame. Destroys the connection when the frame is answered, or after 1 s. */
  close(code = 1000): void {
    if (this.#state !== 'open') {
      this.destroy()
      return
    }
    this.#finish()
    const wire = this.#wire
    wire?.close(code)
    this.#closing = this.#options.clock.setTimer(() => wire?.destroy(), CLOSE_MS, { unref: true })
  }

  /** Ends the socket now, even while it is opening. Idempotent. */
  destroy(): void {
    this.#finish()
    if (this.#wire === undefined) this.#closed()
    else this.#wire.destroy()
  }

  #take(user: SocketUser): void {
    this.#user = user
    this.#liveness?.busy()
    this.#wire?.ref()
    if (this.#state === 'open') user.onOpen()
    else if (this.#state === 'new') this.#open()
  }

  #open(): void {
    this.#state = 'opening'
    this.#wire = this.#options.open(this.key, {
      onConnecting: () => this.#user?.onConnecting(),
      onOpen: (maxMessageBytes) => this.#opened(maxMessageBytes),
      onAccepted: () => this.#user?.onAccepted(),
      onMessage: (bytes) => {
        this.#liveness?.heard()
        if (this.#user === undefined) this.#strayMessage(bytes)
        else this.#user.onMessage(bytes)
      },
      onSign: () => this.#liveness?.heard(),
      onEnd: (end) => this.#end(end),
      onClosed: () => this.#closed(),
    })
  }

  #opened(maxMessageBytes: number | undefined): void {
    if (this.#state !== 'opening') return
    this.#state = 'open'
    this.maxMessageBytes = maxMessageBytes
    this.#liveness = new Liveness(this.#options, {
      ping: () => this.#wire?.ping(),
      onDead: (error) => this.#end({ kind: 'failed', error }),
      onOver: () => this.close(),
    })
    this.#options.onOpened(this)
    this.#user?.onOpen()
  }

  /** A message between two responses. Unless it is a side event it ends the socket, or it would be read as the next answer. */
  #strayMessage(data: Buffer): void {
    const kind = kindOf(data)
    const id = responseIdOf(kind?.json)
    const isAside = kind !== undefined && isSideType(kind.type) && (id === undefined || id === this.latestResponseId)
    if (!isAside) this.destroy()
  }

  /** Only the first end counts. */
  #end(end: SocketEnd): void {
    if (this.#state === 'ended') return
    const user = this.#user
    this.destroy()
    user?.onEnd(end)
  }

  #finish(): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#user = undefined
    this.forget()
    this.#liveness?.stop()
    this.#options.onEnded(this)
  }

  #closed(): void {
    if (this.#closing !== undefined) this.#options.clock.clearTimer(this.#closing)
    this.#options.onClosed(this)
  }
}
