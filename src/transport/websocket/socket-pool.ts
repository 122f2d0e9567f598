import type { Clock } from '../../core/clock.ts'
import { RecentMap } from '../../core/recent-map.ts'
import type { ConnectionHolder, ConnectionPlaces } from '../connection-places.ts'
import type { ClientLifecycleEvent } from '../transport.ts'
import type { WebSocketSettings } from '../websocket-options.ts'
import { ResponsesSocket } from './socket.ts'
import type { SocketKey } from './socket-key.ts'
import { SocketLease } from './socket-lease.ts'
import type { OpenWire, SocketEnd } from './wire.ts'

export interface SocketPoolOptions {
  readonly settings: WebSocketSettings
  readonly clock: Clock
  /** Shared with the HTTP connections of the client. */
  readonly places: ConnectionPlaces
  readonly open: OpenWire
  onEvent(event: ClientLifecycleEvent): void
}

/**
 * Why a response cannot be continued, although a socket of this pool has brought it: the socket is gone, has a response under
 * way, has brought another one since, or was opened with other headers or for another address.
 */
export type LostReason = 'gone' | 'busy' | 'moved_on' | 'other_key'

/** Of so many responses it is remembered which socket brought them. */
const MAX_RESPONSES = 10_000

/** Of so many keys and addresses something is remembered. */
const MAX_KEYS = 1000

/**
 * So many idle sockets of one key keep what their servers know, while there is room for others: a new conversation opens a
 * socket then, and takes the one that was idle longest after that. Calls that come one by one have no use for more.
 */
const KEPT_CONVERSATIONS = 8

/** The WebSockets of a client. Each serves one response at a time, of calls with the same key. */
export class SocketPool implements ConnectionHolder {
  readonly #options: SocketPoolOptions
  /** Those that take responses, or will; the one that was in use last comes last. */
  readonly #sockets = new Set<ResponsesSocket>()
  /** The same, and those of which something is left open. */
  readonly #unclosed = new Set<ResponsesSocket>()
  readonly #leases = new Map<ResponsesSocket, SocketLease>()
  /** Of responses with `store: false`, by id: the socket that brought it, by its own id. It outlives the socket. */
  readonly #owners = new RecentMap<string, number>(MAX_RESPONSES)
  /** Keys whose callers continue responses by id: what their sockets hold is the only copy, and not given up for others. */
  readonly #continued = new RecentMap<string, true>(MAX_KEYS)
  /** What servers announced as their bound for a message, by address. */
  readonly #bounds = new RecentMap<string, number>(MAX_KEYS)
  readonly #generations = new RecentMap<string, number>(MAX_KEYS)
  readonly #poisoned = new WeakSet<ResponsesSocket>()
  #closed = false
  #onQuiet: Array<() => void> = []

  constructor(options: SocketPoolOptions) {
    this.#options = options
    options.places.join(this)
  }

  // What a call asks for.

  /** Sockets of a key that can take a response, the one that was in use last first. */
  idleOf(key: SocketKey): ResponsesSocket[] {
    return this.#idle(({ key: { id }, isIdle }) => id === key.id && isIdle).reverse()
  }

  /** Bytes that one message to this address may have at most. */
  maxMessageBytes({ url }: SocketKey): number {
    return Math.min(this.#options.settings.maxMessageBytes, this.#bounds.peek(url.href) ?? Infinity)
  }

  /** Whether a response lives, or lived, on one of these sockets alone. */
  isOnlyCopy(responseId: string): boolean {
    return this.#owners.peek(responseId) !== undefined
  }

  /** An idle socket for one response; `undefined` where `maxConnections` are in use. */
  lease(socket: ResponsesSocket): SocketLease | undefined {
    if (!this.#options.places.enterNow(socket.key.url.origin)) return undefined
    return this.#leased(socket)
  }

  /**
   * A socket for a request that needs nothing of what a server knows.
   *
   * @param fresh one that never carried a response.
   * @returns `undefined` where there are as many as there may be.
   */
  leaseAny(
    key: SocketKey,
    { fresh, bytes }: { readonly fresh: boolean; readonly bytes: number },
  ): SocketLease | undefined {
    const idle = this.idleOf(key).filter(
      ({ maxMessageBytes = Infinity, served }) => bytes <= maxMessageBytes && !(fresh && served > 0),
    )
    const spare = idle.find(({ holdsOnlyCopy }) => !holdsOnlyCopy)
    if (spare !== undefined) return this.lease(spare)
    const isTaken = this.#continued.peek(key.id) === true
    const oldest = isTaken ? undefined : idle.at(-1)
    if (oldest !== undefined && idle.length >= KEPT_CONVERSATIONS) return this.lease(oldest)
    return this.#leaseNew(key) ?? (oldest === undefined ? undefined : this.lease(oldest))
  }

  /** The one socket that can continue this response, or why it cannot. */
  leaseOwner(responseId: string, key: SocketKey): SocketLease | LostReason {
    this.#continued.set(key.id, true)
    const owner = this.#owners.peek(responseId)
    const socket = [...this.#sockets].find(({ id }) => id === owner)
    if (socket === undefined) return 'gone'
    if (socket.key.id !== key.id) return 'other_key'
    if (this.#leases.has(socket)) return 'busy'
    if (socket.latestResponseId !== responseId) return 'moved_on'
    if (!socket.isFree) return 'gone'
    this.#options.places.enterAnyway(key.url.origin)
    return this.#leased(socket)
  }

  /** Closes the idle sockets of a key, for example of a credential that was replaced. */
  retire(key: SocketKey): void {
    for (const socket of this.#idle(({ key: { id } }) => id === key.id)) socket.close()
  }

  /**
   * Opens a socket for later calls, if there may be one more.
   *
   * @param withinMs how long that may take; `0`: as long as it takes.
   * @param onSettled told once: `undefined` where the endpoint has upgraded.
   * @returns `false` where there may be no further socket.
   */
  prepare(key: SocketKey, withinMs: number, onSettled: (end: SocketEnd | undefined) => void): boolean {
    const { places, clock } = this.#options
    if (this.#closed || !this.#hasRoom(key) || !places.mayOpen(key.url.origin)) return false
    const socket = this.#create(key)
    const settle = (end: SocketEnd | undefined): void => {
      clock.clearTimer(timer)
      if (end === undefined) socket.release()
      onSettled(end)
    }
    const timeOut = (): void => {
      socket.destroy()
      onSettled({ kind: 'failed', error: new Error('the upgrade was not answered in time') })
    }
    const timer = withinMs === 0 ? undefined : clock.setTimer(timeOut, withinMs, { unref: true })
    socket.prepare({
      onConnecting: () => {},
      onOpen: () => settle(undefined),
      onAccepted: () => {},
      onMessage: () => {},
      onEnd: settle,
    })
    return true
  }

  // What leases tell.

  /** A response has an id, and the server of the socket alone keeps it. */
  remember(responseId: string, socket: ResponsesSocket): void {
    this.#owners.set(responseId, socket.id)
  }

  poison(socket: ResponsesSocket, reason: string): void {
    if (this.#poisoned.has(socket)) return
    this.#poisoned.add(socket)
    this.#tell('client_poisoned', socket, reason)
  }

  ended(lease: SocketLease): void {
    const { socket } = lease
    if (this.#leases.get(socket) !== lease) return
    this.#leases.delete(socket)
    this.#options.places.leave(socket.key.url.origin)
    if (this.#sockets.delete(socket)) this.#sockets.add(socket)
    if (this.#closed) socket.close()
    this.#tellQuiet()
  }

  // What `maxConnections` asks for.

  countTo(origin: string): number {
    let count = 0
    for (const { key } of this.#sockets) if (key.url.origin === origin) count++
    return count
  }

  /** The one that was idle longest. */
  endIdle(origin: string): boolean {
    const [oldest] = this.#idle(({ key }) => key.url.origin === origin)
    oldest?.close()
    return oldest !== undefined
  }

  // What the client asks for.

  stats(): { readonly sockets: number; readonly idle: number; readonly leases: number } {
    return { sockets: this.#unclosed.size, idle: this.#idle(() => true).length, leases: this.#leases.size }
  }

  /** Closes what is not in use now, and the others when their response ends. Resolves when nothing is left. */
  close(): Promise<void> {
    this.#closed = true
    for (const socket of [...this.#sockets]) if (!this.#leases.has(socket)) socket.close()
    return this.#quiet()
  }

  destroy(): Promise<void> {
    this.#closed = true
    for (const socket of [...this.#unclosed]) socket.destroy()
    return this.#quiet()
  }

  /** Free ones in the order in which they were in use. */
  #idle(wanted: (socket: ResponsesSocket) => boolean): ResponsesSocket[] {
    return [...this.#sockets].filter((socket) => !this.#leases.has(socket) && socket.isFree && wanted(socket))
  }

  #leaseNew(key: SocketKey): SocketLease | undefined {
    const { origin } = key.url
    const { places } = this.#options
    if (this.#closed) return undefined
    if (!this.#hasRoom(key)) this.#spareOf(origin)?.close()
    if (!this.#hasRoom(key) || !places.enterNow(origin)) return undefined
    places.makeRoom(origin)
    if (places.mayOpen(origin)) return this.#leased(this.#create(key))
    places.leave(origin)
    return undefined
  }

  /** An idle socket whose callers have found no use for it longest, and lose nothing that they asked for. */
  #spareOf(origin: string): ResponsesSocket | undefined {
    return this.#idle(
      ({ key, holdsOnlyCopy }) =>
        key.url.origin === origin && !(holdsOnlyCopy && this.#continued.peek(key.id) === true),
    )[0]
  }

  #hasRoom({ url }: SocketKey): boolean {
    return this.countTo(url.origin) < this.#options.settings.maxSockets
  }

  #leased(socket: ResponsesSocket): SocketLease {
    const lease = new SocketLease(socket, this)
    this.#leases.set(socket, lease)
    return lease
  }

  #create(key: SocketKey): ResponsesSocket {
    const { settings, clock, open } = this.#options
    const generation = (this.#generations.peek(key.url.href) ?? 0) + 1
    this.#generations.set(key.url.href, generation)
    let wasOpen = false
    const socket = new ResponsesSocket({
      ...settings,
      clock,
      open,
      key,
      generation,
      onOpened: (opened) => {
        wasOpen = true
        if (opened.maxMessageBytes !== undefined) this.#bounds.set(key.url.href, opened.maxMessageBytes)
        this.#tell('client_created', opened)
      },
      onEnded: (ended) => {
        this.#sockets.delete(ended)
        if (wasOpen) this.#tell('client_evicted', ended)
      },
      onClosed: (closed) => {
        this.#unclosed.delete(closed)
        if (wasOpen) this.#tell('client_destroyed', closed)
        this.#tellQuiet()
      },
    })
    this.#sockets.add(socket)
    this.#unclosed.add(socket)
    return socket
  }

  #tell(type: ClientLifecycleEvent['type'], { key: { url }, generation }: ResponsesSocket, reason?: string): void {
    const key = `${url.protocol === 'https:' ? 'wss:' : 'ws:'}//${url.host}${url.pathname}`
    this.#options.onEvent({ type, key, generation, ...(reason !== undefined && { reason }) })
  }

  #quiet(): Promise<void> {
    if (this.#isQuiet) return Promise.resolve()
    return new Promise((resolve) => this.#onQuiet.push(resolve))
  }

  get #isQuiet(): boolean {
    return this.#unclosed.size === 0 && this.#leases.size === 0
  }

  #tellQuiet(): void {
    if (this.#isQuiet) for (const resolve of this.#onQuiet.splice(0)) resolve()
  }
}
