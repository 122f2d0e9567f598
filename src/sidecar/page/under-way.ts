import type { SidecarLogEntry } from '../log-entry.ts'

/** What a page shows of a call. The same as its line in the log, so it holds no prompt, key or query. */
export type CallProgress = Omit<SidecarLogEntry, 'outcome'> & Partial<Pick<SidecarLogEntry, 'outcome'>>

/** A call that can be looked at while it is under way. */
export interface VisibleCall {
  readonly progress: CallProgress
}

/** A page shows so many calls that have ended, the latest ones. */
const MOST_ENDED = 20
/** And so many of those under way, the oldest ones. */
const MOST_UNDER_WAY = 200

/** The calls of clients that pages show. */
export class ShownCalls {
  readonly #underWay = new Set<VisibleCall>()
  readonly #ended: SidecarLogEntry[] = []

  begin(call: VisibleCall): void {
    this.#underWay.add(call)
  }

  end(call: VisibleCall, entry: SidecarLogEntry): void {
    this.#underWay.delete(call)
    this.#ended.unshift(entry)
    if (this.#ended.length > MOST_ENDED) this.#ended.pop()
  }

  snapshot(): { readonly underWay: readonly CallProgress[]; readonly ended: readonly SidecarLogEntry[] } {
    const underWay: CallProgress[] = []
    for (const { progress } of this.#underWay) {
      if (underWay.length === MOST_UNDER_WAY) break
      underWay.push(progress)
    }
    return { underWay, ended: this.#ended }
  }
}
