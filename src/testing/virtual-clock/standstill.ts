import { counted } from '../../core/counted.ts'
import { afterRealMs } from '../../core/real-time.ts'

/** Real time without a move of the clock after which a waiting test is told. Test frameworks end a test after 5 s. */
const FORGOTTEN_AFTER_MS = 4000

/** What the watch sees of a clock. */
export interface WatchedClock {
  /** Timers that code waits for. Those of idle connections are not among them. */
  waiting(): number
  /** Counts the calls that move time. */
  moves(): number
  isMoving(): boolean
  /** The armed timers, for a message. */
  listing(): string
}

/** A test that forgets to move time hangs until its framework ends it. This says why, once a clock. */
export class StandstillWatch {
  readonly #clock: WatchedClock
  #state: 'off' | 'on' | 'told' = 'off'

  constructor(clock: WatchedClock) {
    this.#clock = clock
  }

  /** A timer was armed that code waits for. */
  armed(): void {
    if (this.#state !== 'off') return
    this.#state = 'on'
    const before = this.#clock.moves()
    afterRealMs(FORGOTTEN_AFTER_MS, () => this.#check(before))
  }

  #check(movesBefore: number): void {
    const clock = this.#clock
    this.#state = 'off'
    const waiting = clock.waiting()
    if (waiting === 0) return
    if (clock.isMoving() || clock.moves() !== movesBefore) {
      this.armed()
      return
    }
    this.#state = 'told'
    const what = `${counted(waiting, 'timer')} of a VirtualClock ${waiting === 1 ? 'waits' : 'wait'}, and time has not moved for ${FORGOTTEN_AFTER_MS} ms`
    process.emitWarning(`${what}: await clock.advance(ms), or clock.until(promise). ${clock.listing()}`, {
      code: 'VIRTUAL_CLOCK_STANDS_STILL',
    })
  }
}
