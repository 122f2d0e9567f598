import type { Clock } from '../core/clock.ts'
import { withDeadline } from '../core/race.ts'
import { shortTime } from '../core/short-time.ts'
import { isThenable } from '../core/thenable.ts'
import { DeadlineError } from '../errors/errors.ts'

export interface MakingOptions<C> {
  readonly create: () => C | PromiseLike<C>
  readonly clock: Clock
  /** How long `create` may take. Milliseconds; `0`: no limit. */
  readonly ms: number
  /** Called with a client that came too late, and the reason. */
  readonly tooLate: (client: C, why: string) => void
}

/** One run of `create`, which may come too late or never settle. */
export class Making<C> {
  /**
   * The client, if it comes in time. Rejects with what `create` throws, with `create_timeout`, or with the error of
   * `giveUp`.
   */
  readonly inTime: Promise<C>
  /** Settles when `create` itself has settled, in time or not. */
  readonly settled: Promise<void>
  readonly #options: MakingOptions<C>
  readonly #reject: (error: unknown) => void
  #lateFor: string | undefined

  constructor(options: MakingOptions<C>) {
    this.#options = options
    const { promise, resolve, reject } = Promise.withResolvers<C>()
    this.inTime = promise
    this.#reject = reject
    this.settled = this.#run(resolve)
  }

  /** The client is not needed any more: it is not created, or is passed to `tooLate` when it comes. */
  giveUp(error: Error, why: string): void {
    this.#lateFor ??= why
    this.#reject(error)
  }

  async #run(resolve: (client: C) => void): Promise<void> {
    // Waits a tick: callers must find this build registered even if `create` throws at once.
    await undefined
    if (this.#lateFor !== undefined) return
    try {
      const client = await this.#made()
      if (this.#lateFor === undefined) resolve(client)
      else this.#options.tooLate(client, this.#lateFor)
    } catch (error) {
      this.#reject(error)
    }
  }

  #made(): C | PromiseLike<C> {
    const { create, clock, ms } = this.#options
    const making = create()
    // Most clients are created synchronously, and need no timer.
    if (ms === 0 || !isThenable(making)) return making
    const made = Promise.resolve(making)
    withDeadline(made, { clock, ms, onTimeout: () => tookTooLong(ms) }).catch((error: unknown) => {
      if (error instanceof DeadlineError) this.giveUp(error, 'created too late')
    })
    return made
  }
}

function tookTooLong(ms: number): DeadlineError {
  return new DeadlineError(
    `create() of a client cache did not settle within createMs (${shortTime(ms)}). The next acquire() of the key builds anew.`,
    { code: 'create_timeout' },
  )
}
