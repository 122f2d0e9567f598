/** How much a clock was used since it was made. */
export interface TimerCounts {
  /** Timers ever armed. */
  readonly armed: number
  /** Timers that fired: the wake-ups that a process would have seen. */
  readonly fired: number
  /** Timers cleared before they fired. */
  readonly cleared: number
  /** Timers armed right now. */
  readonly pending: number
  /** The most timers that were ever armed at the same moment. */
  readonly peak: number
}

type Row = { -readonly [K in keyof TimerCounts]: number }

/** Counts of all timers together, and apart by the label of who armed them. */
export class TimerTally {
  readonly #total = emptyRow()
  readonly #byLabel = new Map<string, Row>()

  armed(label: string | undefined): void {
    for (const row of this.#rows(label)) {
      row.armed++
      row.pending++
      row.peak = Math.max(row.peak, row.pending)
    }
  }

  /** A timer left the clock. */
  left(label: string | undefined, how: 'fired' | 'cleared'): void {
    for (const row of this.#rows(label)) {
      row[how]++
      row.pending--
    }
  }

  /** A copy; all timers when no label is given. */
  of(label: string | undefined): TimerCounts {
    if (label === undefined) return { ...this.#total }
    return { ...(this.#byLabel.get(label) ?? emptyRow()) }
  }

  #rows(label: string | undefined): Row[] {
    if (label === undefined) return [this.#total]
    let row = this.#byLabel.get(label)
    if (row === undefined) {
      row = emptyRow()
      this.#byLabel.set(label, row)
    }
    return [this.#total, row]
  }
}

function emptyRow(): Row {
  return { armed: 0, fired: 0, cleared: 0, pending: 0, peak: 0 }
}
