import type { ClientPeer } from '../../client/client-peer.ts'
import type { CallFacts } from '../call-facts.ts'
import type { BufferedBytes } from '../request-body.ts'
import type { ReceivedMessage } from './client-socket.ts'
import { type CreateMessage, continued, type JsonObject } from './create-message.ts'
import { SocketCall, type SocketCallContext } from './socket-call.ts'

export interface ClientSessionContext
  extends Pick<SocketCallContext, 'path' | 'url' | 'headers' | 'settings' | 'socket' | 'budget'> {
  readonly peer: ClientPeer
  readonly buffered: BufferedBytes
  /** The number of the next call of the sidecar. */
  nextId(): number
  newFacts(): CallFacts
  onCall(call: SocketCall): void
  onCallEnded(call: SocketCall, entry: Awaited<ReturnType<SocketCall['run']>>): void
}

/** So many requests of one client may wait for their turn; endpoints take as many on one WebSocket. */
const MOST_WAITING = 16

/** The life of one WebSocket of a client: its requests, one by one, each a call to the upstream. */
export class ClientSession {
  readonly #context: ClientSessionContext
  readonly #waiting: ReceivedMessage[] = []
  #call: SocketCall | undefined
  #isDraining = false
  #hasClosed = false
  /** The latest prewarm that the sidecar has answered itself. Its input is held until then. */
  #prewarm: { readonly id: string; readonly json: JsonObject; release(): void } | undefined
  #isGone = false
  #onGone: Array<() => void> = []

  constructor(context: ClientSessionContext) {
    this.#context = context
  }

  get isBusy(): boolean {
    return this.#call !== undefined
  }

  received(message: ReceivedMessage): void {
    if (this.#isDraining || this.#hasClosed) {
      message.release()
    } else if (this.#call === undefined) {
      void this.#run(message)
    } else if (this.#waiting.length < MOST_WAITING) {
      this.#waiting.push(message)
    } else {
      message.release()
      this.#context.socket.closeAsFlood()
    }
  }

  /** The client is gone: its call ends, and what it has at the upstream is closed. */
  closed(): void {
    if (this.#hasClosed) return
    this.#hasClosed = true
    this.#call?.abort(LEFT)
    this.#forgetWaiting()
    this.#prewarm?.release()
    void this.#context.peer.close().finally(() => {
      this.#isGone = true
      for (const resolve of this.#onGone.splice(0)) resolve()
    })
  }

  /** Sends the client away once the response under way is over. */
  drain(): void {
    this.#isDraining = true
    this.#forgetWaiting()
    if (this.#call === undefined) this.#context.socket.goAway()
  }

  /** Ends the call under way. Resolves when the client is gone, and its sockets to the upstream are closed. */
  async destroy(reason: unknown): Promise<void> {
    const { socket } = this.#context
    if (this.#call === undefined) socket.goAway()
    else {
      this.#call.cut(reason)
      socket.breakOff()
    }
    socket.destroy()
    if (!this.#isGone) await new Promise<void>((resolve) => this.#onGone.push(resolve))
  }

  async #run(message: ReceivedMessage): Promise<void> {
    const { nextId, newFacts, onCall, onCallEnded, ...context } = this.#context
    const call = new SocketCall({
      ...context,
      id: nextId(),
      facts: newFacts(),
      complete: (create) => this.#complete(create),
      answered: (id, create) => this.#answered(id, create),
    })
    this.#call = call
    onCall(call)
    const entry = await call.run(message.text)
    message.release()
    this.#call = undefined
    onCallEnded(call, entry)
    const next = this.#waiting.shift()
    if (next !== undefined) void this.#run(next)
    else if (this.#isDraining) context.socket.goAway()
  }

  #complete(message: CreateMessage): CreateMessage {
    const prewarm = this.#prewarm
    return prewarm !== undefined && message.json.previous_response_id === prewarm.id
      ? continued(prewarm.json, message)
      : message
  }

  #answered(id: string, { text, json }: CreateMessage): void {
    this.#prewarm?.release()
    const { buffered } = this.#context
    const { length } = text
    const isHeld = !this.#hasClosed && buffered.take(length)
    // Where there is no room for it, the request that continues it gets an honest "not found" of the upstream.
    this.#prewarm = isHeld ? { id, json, release: () => buffered.give(length) } : undefined
  }

  #forgetWaiting(): void {
    for (const message of this.#waiting.splice(0)) message.release()
  }
}

/** Why a call is aborted whose client has left. */
const LEFT = new Error('the client of the sidecar left')
