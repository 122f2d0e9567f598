import { NONE } from '../core/lists.ts'
import type { Consumer, Taken } from '../core/mailbox.ts'
import type { AttemptRecord } from '../errors/errors.ts'
import { lazyReading } from './lazy-reading.ts'
import type { SessionEvent } from './session-events.ts'
import type { SessionOptions } from './session-options.ts'
import type { Batches, Session } from './session-port.ts'

/** A session. In the first typed call of a process it is a substitute until the real one is loaded. */
export function openSession(options: SessionOptions): Session {
  const loaded = lazyReading.loaded
  return loaded === undefined ? new PendingSession(options) : new loaded.StreamSession(options)
}

const NOTHING: Taken<never> = { kind: 'nothing' }
const NOTHING_SEEN: Session['seen'] = {
  id: undefined,
  usage: undefined,
  outputText: '',
  toResponse: () => {
    throw new TypeError('the response has not begun')
  },
}

/** A session that is being loaded. The request is made at once, from the current arguments. */
class PendingSession implements Session, Batches {
  #session: Session | undefined
  #reader: Consumer | undefined
  #ended: Extract<Taken<never>, { kind: 'failed' }> | undefined
  /** The reader has left, which the session is told once it is loaded. */
  #hasLeft = false

  constructor(options: SessionOptions) {
    void this.#load(options)
  }

  get seen(): Session['seen'] {
    return this.#session?.seen ?? NOTHING_SEEN
  }

  get attempts(): readonly AttemptRecord[] {
    return this.#session?.attempts ?? NONE
  }

  get failure(): unknown {
    return this.#session === undefined ? this.#ended?.error : this.#session.failure
  }

  get requestId(): string | undefined {
    return this.#session?.requestId
  }

  get callId(): number | undefined {
    return this.#session?.callId
  }

  get startedAt(): string | undefined {
    return this.#session?.startedAt
  }

  get isDrained(): boolean {
    return this.#session?.isDrained ?? false
  }

  /** Until the session is loaded there are no batches except the end. */
  get batches(): Batches {
    return this.#session?.batches ?? this
  }

  take(): Taken<readonly SessionEvent[]> {
    return this.#ended ?? NOTHING
  }

  whenReady(reader: Consumer): void {
    if (this.#ended !== undefined) reader.onReady()
    else this.#reader = reader
  }

  leave(error: unknown): void {
    if (this.#session !== undefined) {
      this.#session.leave(error)
      return
    }
    this.#hasLeft = true
    this.#end(error)
  }

  async #load(options: SessionOptions): Promise<void> {
    const { begin, resumption } = options
    // A resuming call begins later, and the client must not close before.
    const letGo = begin === undefined ? resumption?.hold() : undefined
    // An error here ends the session, as in the real one.
    const begun = begin && (async () => begin())()
    begun?.catch(() => {})
    try {
      const { StreamSession } = await lazyReading.load()
      const session = new StreamSession({ ...options, begin: begun && (() => begun) })
      this.#session = session
      if (this.#ended !== undefined && this.#hasLeft) session.leave(this.#ended.error)
      else if (this.#reader !== undefined) session.batches.whenReady(this.#reader)
      this.#reader = undefined
    } catch (error) {
      letGo?.()
      this.#end(error)
    }
  }

  #end(error: unknown): void {
    this.#ended ??= { kind: 'failed', error }
    const reader = this.#reader
    this.#reader = undefined
    reader?.onReady()
  }
}
