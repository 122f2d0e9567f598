import type { Clock } from '../../core/clock.ts'
import { RecentMap } from '../../core/recent-map.ts'
import type { ConnectionHolder, ConnectionPlaces } from '../connection-places.ts'
import type { ClientLifecycleEvent } from '../transport.ts'
import type { WebSocketSettings } from '../websocket-options.ts'
import { ResponsesSocket } from './socket.ts'
import type { SocketKey } from './socket-key.ts'
import { SocketLease } from './socket-lease.ts'
import { type ProbeEnd, SocketProbe } from './socket-probe.ts'
import type { OpenWire } from './wire.ts'

export interface SocketPoolOptions {
  readonly settings: WebSocketSettings
  readonly clock: Clock
  /** Shared with the HTTP connections of the client. */
  readonly places: ConnectionPlaces
  readonly open: OpenWire
  /** The sockets serve one peer, whose requests come one by one: a request takes the socket that is there, whatever it holds. */
  readonly isOfOnePeer?: boolean
  onEvent(event: ClientLifecycleEvent): void
}

/**
 * Why a response cannot be continued although a socket of this pool received it. `gone`: the socket is closed. `busy`: it
 * receives another response now. `moved_on`: it has received another response since. `other_key`: it was opened with other
 * headers or for another address.
 */
export type LostReason = 'gone' | 'busy' | 'moved_on' | 'other_key'

/** For at most this many responses the pool remembers which socket received them. */
const MAX_RESPONSES = 10_000

/** The pool remembers facts about at most this many keys and addresses. */
const MAX_KEYS = 1000

/**
 * Up to this many idle sockets of one key stay untouched, so that their conversations can continue: a new conversation opens
 * another socket. With more, it takes the socket that was idle longest.
 */
const KEPT_CONVERSATIONS = 8

/** The WebSockets of a client. Each carries one response at a time, and only calls with the same key. */
export class SocketPool implements ConnectionHolder {
  readonly #options: SocketPoolOptions
  /** Sockets that can carry responses, or will once they are open. The one that was used last comes last. */
  readonly #sockets = new Set<ResponsesSocket>()
  /** The same, and ended sockets whose connection is not closed yet. */
  readonly #unclosed = new Set<ResponsesSocket>()
  readonly #leases = new Map<ResponsesSocket, SocketLease>()
  /** For each response with `store: false`, by id: the id of the socket that received it. Kept after the socket has ended. */
  readonly #owners = new RecentMap<string, number>(MAX_RESPONSES)
  /** Keys whose callers continue responses by id. Their sockets hold the only copy, so other calls do not take them. */
  readonly #continued = new RecentMap<string, true>(MAX_KEYS)
  /** The largest message that the server of an address announced to accept, in bytes. */
  readonly #bounds = new RecentMap<string, number>(MAX_KEYS)
  readonly #generations = new RecentMap<string, number>(MAX_KEYS)
  readonly #poisoned = new WeakSet<ResponsesSocket>()
  readonly #probes = new Set<SocketProbe>()
  #closed = false
  #onQuiet: Array<() => void> = []

  constructor(options: SocketPoolOptions) {
    this.#options = options
    options.places.join(this)
  }

  // Called by calls.

  /** Idle sockets of a key that can carry a response. The one that was used last comes first. */
  idleOf(key: SocketKey): ResponsesSocket[] {
    return this.#idle(({ key: { id }, isIdle }) => id === key.id && isIdle).reverse()
  }

  /** Largest message that may be sent to this address, in bytes. */
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
    const spare = idle.find(({ holdsOnlyCopy }) => !holdsOnlyCopy || this.#options.isOfOnePeer === true)
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
   * Opens a socket for later calls, unless the limit of sockets is reached.
   *
   * @param withinMs milliseconds until the upgrade counts as failed; `0`: no limit.
   * @param onSettled called once, after this method has returned.
   * @returns `false` if the limit is reached.
   */
  prepare(key: SocketKey, withinMs: number, onSettled: (end: ProbeEnd) => void): boolean {
    const { places, clock } = this.#options
    if (this.#closed || !this.#hasRoom(key) || !places.mayOpen(key.url.origin)) return false
    const settled = (end: ProbeEnd): void => {
      this.#probes.delete(probe)
      onSettled(end)
    }
    const probe = new SocketProbe({ socket: this.#create(key), clock, withinMs, onSettled: settled })
    this.#probes.add(probe)
    return true
  }

  // Called by leases.

  /** Remembers the socket that alone can continue a response. */
  remember(responseId: string, socket: ResponsesSocket): void {
    this.#owners.set(responseId, socket.id)
  }

  /** Reports nothing for a socket that never opened, or that has ended: the latter was reported as evicted. */
  poison(socket: ResponsesSocket, reason: string): void {
    if (this.#poisoned.has(socket) || !socket.isOpen) return
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

  // Called for `maxConnections`.

  countTo(origin: string): number {
    let count = 0
    for (const { key } of this.#sockets) if (key.url.origin === origin) count++
    return count
  }

  /** Ends a dead socket, or the socket that was idle longest, or a probe if no socket is idle. */
  endIdle(origin: string): boolean {
    const dead = [...this.#sockets].find(({ key, isDead }) => key.url.origin === origin && isDead)
    const [oldest] = this.#idle(({ key }) => key.url.origin === origin)
    const probe = [...this.#probes].find(({ socket }) => socket.key.url.origin === origin)
    if (dead !== undefined) dead.destroy()
    else if (oldest !== undefined) oldest.close()
    else probe?.giveUp()
    return (dead ?? oldest ?? probe) !== undefined
  }

  // Called by the client.

  stats(): { readonly sockets: number; readonly idle: number; readonly leases: number } {
    return { sockets: this.#unclosed.size, idle: this.#idle(() => true).length, leases: this.#leases.size }
  }

  /** Closes unused sockets now, and the others when their response ends. Resolves when all are closed. */
  close(): Promise<void> {
    this.#end()
    for (const socket of [...this.#sockets]) if (!this.#leases.has(socket)) socket.close()
    return this.#over()
  }

  destroy(): Promise<void> {
    this.#end()
    for (const socket of [...this.#unclosed]) socket.destroy()
    return this.#over()
  }

  #end(): void {
    this.#closed = true
    for (const probe of [...this.#probes]) probe.giveUp()
  }

  /** Free sockets, in the order in which they were last used. */
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

  /** The socket that was idle longest, without those that hold the only copy of a response that callers continue by id. */
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

  async #over(): Promise<void> {
    if (!this.#isQuiet) await new Promise<void>((resolve) => this.#onQuiet.push(resolve))
    this.#options.places.part(this)
  }

  get #isQuiet(): boolean {
    return this.#unclosed.size === 0 && this.#leases.size === 0
  }

  #tellQuiet(): void {
    if (this.#isQuiet) for (const resolve of this.#onQuiet.splice(0)) resolve()
  }
}
