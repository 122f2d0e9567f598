import type { AbortScope } from '../core/abort.ts'
import type { Consumer, Ending } from '../core/mailbox.ts'
import { RequestError } from '../errors/errors.ts'
import { abandoned } from './abandoned.ts'
import type { SessionEvent } from './session-events.ts'
import type { Session } from './session-port.ts'

/** Declared as a method: a reader of some events is then also a reader of any events. */
type Resolve<T> = { resolve(value: T | PromiseLike<T>): void }['resolve']

const NOTHING: readonly never[] = []
const DONE = { done: true, value: undefined } as const

/** The iteration of a stream: an iterator for `for await` and `await using`. */
export interface ResponseStreamIterator<E> extends AsyncIterator<E, undefined, undefined>, AsyncDisposable {
  /** Leaves the stream: frees the connection, and ends a pending `next()`. Resolves with `value`, as a generator does. */
  return<T = undefined>(value?: T | PromiseLike<T>): Promise<IteratorResult<E, T>>
  [Symbol.asyncIterator](): this
}

/** The only reader of a session: its iteration, or a read to its end. */
export class StreamReader<E extends SessionEvent> implements ResponseStreamIterator<E>, Consumer {
  /** Referenced, so that a stream that is being read does not count as abandoned. */
  readonly #stream: object
  readonly #session: Session
  readonly #scope: AbortScope
  #batch: readonly E[] = NOTHING
  #at = 0
  /** The pending read, and how it is answered. Without its `reject`, which most streams would hold for nothing. */
  #asked: Promise<IteratorResult<E, undefined>> | undefined
  #resolve: Resolve<IteratorResult<E, undefined>> | undefined
  /** Nothing iterates: the iteration was left, or it never began. */
  #left = false
  #ending: Ending | undefined
  #over: PromiseWithResolvers<void> | undefined
  /** Batches that were read for `whenOver` while the iteration paused. Most readers never have one. */
  #kept: Array<readonly E[]> | undefined

  /** @param stream under which its scope is registered as `abandoned`. */
  constructor(stream: object, session: Session, scope: AbortScope) {
    this.#stream = stream
    this.#session = session
    this.#scope = scope
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  next(): Promise<IteratorResult<E, undefined>> {
    if (this.#at < this.#batch.length) return Promise.resolve({ done: false, value: this.#batch[this.#at++] as E })
    // Concurrent calls get their results in order.
    if (this.#asked !== undefined) {
      const next = (): Promise<IteratorResult<E, undefined>> => this.next()
      return this.#asked.then(next, next)
    }
    let resolve!: Resolve<IteratorResult<E, undefined>>
    const promise = new Promise<IteratorResult<E, undefined>>((answer) => {
      resolve = answer
    })
    if (!this.#answer(resolve)) {
      this.#asked = promise
      this.#resolve = resolve
      this.#session.batches.whenReady(this)
    } else this.#readAhead()
    return promise
  }

  /** Called by the session. */
  onReady(): void {
    const resolve = this.#takeResolve()
    if (resolve !== undefined) {
      this.#answer(resolve)
      this.#readAhead()
    } else if (this.#kept === undefined) this.readToEnd()
    else this.#keep()
  }

  async return<T = undefined>(value?: T | PromiseLike<T>): Promise<IteratorResult<E, T>> {
    this.#leave()
    return { done: true, value: (await value) as T }
  }

  /** Leaving early frees the connection. */
  #leave(): void {
    const hasAll = (this.#at >= this.#batch.length || this.#kept !== undefined) && this.#session.isDrained
    this.#left = true
    this.#batch = NOTHING
    this.#kept = undefined
    this.#takeResolve()?.(DONE)
    if (this.#ending !== undefined) return
    // After the terminal event the response is complete, so leaving changes nothing.
    if (hasAll) this.readToEnd()
    else {
      const reason = new RequestError(
        'The iteration was left before the end of the stream, so there is no final response.',
        {
          code: 'stream_abandoned',
        },
      )
      this.#scope.abort(reason)
      this.#session.leave(reason)
      this.#end({ kind: 'failed', error: reason })
    }
  }

  /** Reads a stream that is not iterated. */
  readToEnd(): void {
    this.#left = true
    for (;;) {
      const taken = this.#session.batches.take()
      if (taken.kind === 'item') continue
      if (taken.kind === 'nothing') this.#session.batches.whenReady(this)
      else this.#end(taken)
      return
    }
  }

  /**
   * Resolves when all was read. Rejects with the error that ended the stream. While something waits for that, a paused
   * iteration does not stop the reading: it may never continue. Its events are kept for it.
   */
  whenOver(): Promise<void> {
    if (this.#over === undefined) {
      this.#over = Promise.withResolvers()
      if (this.#ending !== undefined) tell(this.#over, this.#ending)
      else this.#readAhead()
    }
    return this.#over.promise
  }

  #readAhead(): void {
    if (this.#over === undefined || this.#ending !== undefined || this.#left || this.#asked !== undefined) return
    this.#kept ??= []
    this.#session.batches.whenReady(this)
  }

  #keep(): void {
    for (;;) {
      const taken = this.#session.batches.take()
      if (taken.kind === 'item') this.#kept?.push(taken.item as readonly E[])
      else if (taken.kind === 'nothing') {
        this.#session.batches.whenReady(this)
        return
      } else {
        // After an abort the iteration ends at once.
        if (taken.kind === 'failed' && taken.error !== this.#session.failure) this.#kept = undefined
        this.#end(taken)
        return
      }
    }
  }

  /** `false` when there is nothing yet. */
  #answer(resolve: Resolve<IteratorResult<E, undefined>>): boolean {
    // Delivered events are not kept while the reader waits.
    this.#batch = NOTHING
    if (this.#left) {
      resolve(DONE)
      return true
    }
    const kept = this.#kept?.shift()
    const taken = kept === undefined ? this.#session.batches.take() : ({ kind: 'item', item: kept } as const)
    if (taken.kind === 'nothing') return false
    if (taken.kind === 'item') {
      this.#batch = taken.item as readonly E[]
      this.#at = 1
      resolve({ done: false, value: this.#batch[0] as E })
      return true
    }
    this.#end(taken)
    resolve(taken.kind === 'failed' ? Promise.reject(taken.error) : DONE)
    return true
  }

  #takeResolve(): Resolve<IteratorResult<E, undefined>> | undefined {
    const resolve = this.#resolve
    this.#asked = undefined
    this.#resolve = undefined
    return resolve
  }

  #end(ending: Ending): void {
    if (this.#ending !== undefined) return
    this.#ending = ending
    abandoned.unregister(this.#stream)
    if (this.#over !== undefined) tell(this.#over, ending)
  }
}

function tell(asked: PromiseWithResolvers<void>, ending: Ending): void {
  if (ending.kind === 'failed') asked.reject(ending.error)
  else asked.resolve()
}
