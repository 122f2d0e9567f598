/** A client and what the cache knows about it. */
export interface Entry<C> {
  readonly key: string
  readonly generation: number
  readonly client: C
  /** Those who waited for its build and have not been told yet included. */
  leases: number
  /** Why it gets no new leases. */
  retiredFor: string | undefined
  /** Retired because there was no room. */
  pushedOut: boolean
  destroyed: boolean
  idleSince: number
}

export function newEntry<C>(known: Pick<Entry<C>, 'key' | 'generation' | 'client' | 'idleSince'>): Entry<C> {
  return { ...known, leases: 0, retiredFor: undefined, pushedOut: false, destroyed: false }
}
