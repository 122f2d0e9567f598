import type { AttemptEntry } from './attempt-entry.ts'

/** Failures to connect in a row, and of those the ones for want of an address. */
export interface Connects {
  readonly all: number
  readonly hostNotFound: number
}

export const NO_CONNECTS: Connects = { all: 0, hostNotFound: 0 }

/** There was no connection, for another reason than a process that has run out of something or a certificate. */
export function isConnectFailure({ ended }: AttemptEntry, code: string): boolean {
  const { phase } = ended ?? {}
  return (phase === 'connecting' || phase === 'preparing') && code !== 'resources_exhausted'
}
