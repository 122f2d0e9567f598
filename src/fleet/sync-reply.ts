import type { QuotaGrant } from './call-quota.ts'

/** What the script `sync.lua` returns. */
export interface SyncReply {
  /** The time of the store. */
  readonly now: number
  readonly grant: QuotaGrant
  readonly epoch: string
  /** For how long each fact is true. Milliseconds. */
  readonly facts: ReadonlyMap<string, number>
}

/** `undefined` for anything else: a script of another version, or a store that is not Redis. */
export function readReply(value: unknown): SyncReply | undefined {
  if (!Array.isArray(value) || value.length < 6 || value.length % 2 !== 0) return undefined
  const [now, quota, target, members, recovering, epoch, ...pairs] = value.map(String)
  const numbers = [now, quota, target, members].map(Number) as [number, number, number, number]
  if (!numbers.every(Number.isFinite)) return undefined
  const facts = new Map<string, number>()
  for (let i = 0; i < pairs.length; i += 2) facts.set(pairs[i] as string, Number(pairs[i + 1]))
  return {
    now: numbers[0],
    grant: { quota: numbers[1], target: numbers[2], members: numbers[3], isRecovering: recovering === '1' },
    epoch: epoch as string,
    facts,
  }
}
