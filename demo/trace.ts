/** What a call does with its time. */
export type Activity = 'connect' | 'wait' | 'stream' | 'back_off'

export interface Span {
  readonly activity: Activity
  /** Milliseconds since the start of the call. */
  readonly from: number
  readonly to: number
}

/** The end of a failed attempt. */
export interface Cut {
  readonly at: number
  readonly why: string
}

/** The course of one call, ready to be drawn. */
export interface Trace {
  readonly spans: readonly Span[]
  readonly cuts: readonly Cut[]
  /** When hedges were started. Milliseconds since the start of the call. */
  readonly hedges: readonly number[]
  readonly attempts: number
  readonly durationMs: number
}

/** Records a trace while the call runs. Times never decrease. */
export class TraceRecorder {
  readonly #spans: Span[] = []
  readonly #cuts: Cut[] = []
  readonly #hedges: number[] = []
  #attempts = 0
  #current: { readonly activity: Activity; readonly from: number } | undefined

  attempt(at: number, activity: 'connect' | 'wait'): void {
    this.#attempts++
    this.enter(activity, at)
  }

  enter(activity: Activity, at: number): void {
    if (this.#current?.activity === activity) return
    this.#leave(at)
    this.#current = { activity, from: at }
  }

  hedge(at: number): void {
    this.#hedges.push(at)
  }

  cut(why: string, at: number): void {
    this.#leave(at)
    this.#cuts.push({ at, why })
  }

  end(at: number): Trace {
    this.#leave(at)
    return { spans: this.#spans, cuts: this.#cuts, hedges: this.#hedges, attempts: this.#attempts, durationMs: at }
  }

  #leave(at: number): void {
    if (this.#current !== undefined && at > this.#current.from) this.#spans.push({ ...this.#current, to: at })
    this.#current = undefined
  }
}
