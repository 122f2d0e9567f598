import type { Clock, TimerHandle } from '../../core/clock.ts'
import type { Turn } from './fit.ts'
import { Liveness, type LivenessSettings } from './liveness.ts'
import { isSideType, kindOf, responseIdOf } from './message.ts'
import type { SocketKey } from './socket-key.ts'
import type { TurnOutcome } from './turn-recorder.ts'
import type { OpenWire, SocketEnd, Wire } from './wire.ts'

/** Who has a response under way on a socket, or is about to. */
export interface SocketUser {
  onConnecting(): void
  /** The endpoint upgraded. Also called, once, when a user takes a socket that is open. */
  onOpen(): void
  /** Some of what was sent was accepted by the operating system. */
  onAccepted(): void
  /** One whole message: the bytes of a text frame, or of a binary one. */
  onMessage(bytes: Buffer): void
  onEnd(end: SocketEnd): void
}

export interface SocketOptions extends LivenessSettings {
  readonly clock: Clock
  readonly key: SocketKey
  /** The n-th socket to its address. */
  readonly generation: number
  readonly open: OpenWire
  /** Called once, when the endpoint has upgraded. */
  onOpened(socket: ResponsesSocket): void
  /** Called once, as soon as the socket takes no more responses. */
  onEnded(socket: ResponsesSocket): void
  /** Called once, when nothing of it is left open. */
  onClosed(socket: ResponsesSocket): void
}

/** How long a close frame may stay unanswered. */
const CLOSE_MS = 1000

let nextId = 1

/**
 * One WebSocket for its whole life: the upgrade, pings, and one response after the other. Never reconnected: after a
 * failure comes another socket.
 */
export class ResponsesSocket {
  readonly id = nextId++
  readonly key: SocketKey
  readonly generation: number
  /** Responses that were asked for on it. */
  served = 0
  /** What the server knows, after a response that completed: what an increment builds on. */
  turn: Turn | undefined
  /** The id of the latest response: the only one that the server keeps in memory. */
  latestResponseId: string | undefined
  /** The latest response was made with `store: false`: only the server of this socket can continue it. */
  holdsOnlyCopy = false
  /** The server's own bound for a message; `undefined` where it announced none. */
  maxMessageBytes: number | undefined
  readonly #options: SocketOptions
  #user: SocketUser | undefined
  #state: 'new' | 'opening' | 'open' | 'ended' = 'new'
  #wire: Wire | undefined
  /** While it is open. */
  #liveness: Liveness | undefined
  #isPaused = false
  /** Armed while a close frame of ours waits for an answer. */
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

  /** Open and without a response under way, whatever its age. A ping that was not answered in time makes it useless. */
  get isFree(): boolean {
    const isAlive = this.#wire?.isSound === true && this.#liveness?.isAlive === true
    return this.#state === 'open' && this.#user === undefined && isAlive
  }

  /** Too old for another response. */
  get isAged(): boolean {
    return this.#liveness?.isAged ?? false
  }

  get hasEnded(): boolean {
    return this.#state === 'ended'
  }

  /** There was a connection to the endpoint, with an upgrade or without. */
  get hasConnected(): boolean {
    return this.#wire?.isConnected ?? false
  }

  /** When its last response ended, on the monotonic clock. */
  get idleSince(): number {
    return this.#liveness?.idleSince ?? 0
  }

  /** Everything that was sent has been accepted by the operating system. */
  get flushed(): boolean {
    return this.#wire?.flushed ?? true
  }

  /** Takes the socket for one response; opens it if it is new. */
  use(user: SocketUser): void {
    this.served++
    this.#take(user)
  }

  /** Opens it for the responses that will come: `user` is told how that went, and releases it. */
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

  /** A response ended, and this is what the server keeps of it. */
  learn({ responseId, turn }: TurnOutcome, isOnlyCopy: boolean): void {
    this.turn = turn
    this.latestResponseId = responseId
    this.holdsOnlyCopy = isOnlyCopy && responseId !== undefined
  }

  /** Forgets what the server of the socket knew. */
  forget(): void {
    this.turn = undefined
    this.latestResponseId = undefined
    this.holdsOnlyCopy = false
  }

  /** Ends the socket with a close frame; destroyed soon after, whether it is answered or not. */
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

  /** Ends it now, also while it is opening. Idempotent. */
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

  /** Between two responses only what speaks of the socket itself may come; anything else would be taken for the next answer. */
  #strayMessage(data: Buffer): void {
    const kind = kindOf(data)
    const id = responseIdOf(kind?.json)
    const isAside = kind !== undefined && isSideType(kind.type) && (id === undefined || id === this.latestResponseId)
    if (!isAside) this.destroy()
  }

  /** The first word counts. */
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
