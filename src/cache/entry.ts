/** A client and what the cache knows about it. */
export interface Entry<C> {
  readonly key: string
  readonly generation: number
  readonly client: C
  /** Includes callers that waited for the build and have not resumed yet. */
  leases: number
  /** Why it gets no new leases. `undefined` while it does. */
  retiredFor: string | undefined
  /** Evicted because the cache was full. */
  pushedOut: boolean
  destroyed: boolean
  idleSince: number
}

export function newEntry<C>(known: Pick<Entry<C>, 'key' | 'generation' | 'client' | 'idleSince'>): Entry<C> {
  return { ...known, leases: 0, retiredFor: undefined, pushedOut: false, destroyed: false }
}
