import type { AbortScope } from '../core/abort.ts'
import type { Ending } from '../core/mailbox.ts'
import { RequestError } from '../errors/errors.ts'
import { abandoned } from './abandoned.ts'
import type { StreamSession } from './session.ts'
import type { SessionEvent } from './session-events.ts'

interface Waiter<T> {
  resolve(value: T): void
  reject(error: unknown): void
}

const NOTHING: readonly never[] = []
const DONE = { done: true, value: undefined } as const

/** The one reader of a session: the iteration of a stream, or what reads it to its end. */
export class StreamReader<E extends SessionEvent> implements AsyncIterator<E, undefined, undefined> {
  /** Held, because a stream that is being read was not thrown away. */
  readonly #stream: object
  readonly #session: StreamSession
  readonly #scope: AbortScope
  #batch: readonly E[] = NOTHING
  #at = 0
  #waiting: Promise<IteratorResult<E, undefined>> | undefined
  #left = false
  #ending: Ending | undefined
  #watchers: Waiter<void>[] | undefined

  /** @param stream under which its scope is registered as `abandoned`. */
  constructor(stream: object, session: StreamSession, scope: AbortScope) {
    this.#stream = stream
    this.#session = session
    this.#scope = scope
  }

  next(): Promise<IteratorResult<E, undefined>> {
    if (this.#at < this.#batch.length) return Promise.resolve({ done: false, value: this.#batch[this.#at++] as E })
    // Whoever asks without waiting for the answer gets the answers in order.
    if (this.#waiting !== undefined)
      return this.#waiting.then(
        () => this.next(),
        () => this.next(),
      )
    let waiter!: Waiter<IteratorResult<E, undefined>>
    const promise = new Promise<IteratorResult<E, undefined>>((resolve, reject) => {
      waiter = { resolve, reject }
    })
    if (this.#settle(waiter)) return promise
    this.#waiting = promise
    this.#session.whenReady(() => {
      this.#waiting = undefined
      this.#settle(waiter)
    })
    return promise
  }

  /** Leaving early frees the connection. */
  async return(): Promise<IteratorResult<E, undefined>> {
    const hasAll = this.#at >= this.#batch.length && this.#session.isDrained
    this.#left = true
    this.#batch = NOTHING
    if (this.#ending !== undefined) return DONE
    // Behind the terminal event there is nothing to leave: the response is whole.
    if (hasAll) this.readToEnd()
    else {
      const reason = new RequestError('The stream was left before its end, so there is no final response.', {
        code: 'stream_abandoned',
      })
      this.#scope.abort(reason)
      this.#session.leave(reason)
      this.#over({ kind: 'failed', error: reason })
    }
    return DONE
  }

  /** Reads what nobody iterates. */
  readToEnd(): void {
    for (;;) {
      const taken = this.#session.take()
      if (taken.kind === 'item') continue
      if (taken.kind === 'nothing') this.#session.whenReady(() => this.readToEnd())
      else this.#over(taken)
      return
    }
  }

  /** Resolves when all was read. Rejects with what ended the stream before. */
  whenOver(): Promise<void> {
    return new Promise((resolve, reject) => {
      const watcher = { resolve, reject }
      if (this.#ending !== undefined) tell(watcher, this.#ending)
      else this.#watchers = [...(this.#watchers ?? []), watcher]
    })
  }

  /** `false` when there is nothing yet. */
  #settle({ resolve, reject }: Waiter<IteratorResult<E, undefined>>): boolean {
    // What was handed out is not held while the next one is awaited.
    this.#batch = NOTHING
    if (this.#left) {
      resolve(DONE)
      return true
    }
    const taken = this.#session.take()
    if (taken.kind === 'nothing') return false
    if (taken.kind === 'item') {
      this.#batch = taken.item as readonly E[]
      this.#at = 1
      resolve({ done: false, value: this.#batch[0] as E })
      return true
    }
    this.#over(taken)
    if (taken.kind === 'failed') reject(taken.error)
    else resolve(DONE)
    return true
  }

  #over(ending: Ending): void {
    if (this.#ending !== undefined) return
    this.#ending = ending
    abandoned.unregister(this.#stream)
    for (const watcher of this.#watchers ?? []) tell(watcher, ending)
    this.#watchers = undefined
  }
}

function tell({ resolve, reject }: Waiter<void>, ending: Ending): void {
  if (ending.kind === 'failed') reject(ending.error)
  else resolve()
}
