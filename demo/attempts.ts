import type { PicturedAttempt } from '../src/picture/activity.ts'

type Attempt = { -readonly [Name in keyof PicturedAttempt]: PicturedAttempt[Name] }

/** Records the attempts of a call that is made without this library. Times are milliseconds since the start of the call. */
export class Attempts {
  readonly #all: Attempt[] = []

  get all(): readonly PicturedAttempt[] {
    return this.#all
  }

  started(at: number): void {
    this.#end(at)
    this.#all.push({ outcome: 'running', phase: 'waiting', startedAtMs: at, endedAtMs: at })
  }

  heard(at: number): void {
    const attempt = this.#running()
    if (attempt === undefined || attempt.firstEventAtMs !== undefined) return
    attempt.phase = 'committed'
    attempt.firstEventAtMs = at
    attempt.committedAtMs = at
  }

  failed(why: string, at: number): void {
    const attempt = this.#running()
    if (attempt === undefined) return
    attempt.outcome = 'failed'
    attempt.code = why
    attempt.endedAtMs = at
  }

  /** The call has ended: what still runs ends with it. */
  ended(at: number): readonly PicturedAttempt[] {
    this.#end(at)
    return this.#all
  }

  #end(at: number): void {
    const attempt = this.#running()
    if (attempt === undefined) return
    attempt.outcome = 'committed'
    attempt.endedAtMs = at
  }

  #running(): Attempt | undefined {
    const last = this.#all.at(-1)
    return last?.outcome === 'running' ? last : undefined
  }
}
