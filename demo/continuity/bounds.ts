import { largestTurn, totalsOf } from './measure.ts'
import { count } from './numbers.ts'
import type { Run } from './run.ts'

/** The new input of a turn, and a little more. */
export const MOST_PER_TURN = 2500
export const MOST_IN_ALL = 80_000
/** The size of the incident, and enough to prove the point. */
export const BLOW_UP = 50_000

export interface Bound {
  readonly claim: string
  readonly measured: string
  readonly holds: boolean
}

/** The claims that the run must prove. */
export function boundsOf({ naive, openaiSdk, resilient }: Run): Bound[] {
  const lanes = [naive, openaiSdk, resilient]
  const largest = largestTurn(resilient.turns)
  const inAll = totalsOf(resilient.turns).sent
  const naiveLargest = largestTurn(naive.turns)
  const lost = lanes.map(({ turns }) => turns.filter((turn) => turn.lost).length)
  const answered = resilient.turns.filter((turn) => turn.answered).length
  const { errors } = totalsOf(resilient.turns)
  const turns = resilient.turns.length
  return [
    {
      claim: 'every turn of every agent lost a session',
      measured: `${lost.join(', ')} of ${turns}`,
      holds: lost.every((count) => count === turns),
    },
    {
      claim: `${naive.name}: grows past ${count(BLOW_UP)} tokens a turn`,
      measured: `up to ${count(naiveLargest)}`,
      holds: naiveLargest > BLOW_UP,
    },
    {
      claim: `${resilient.name}: at most ${count(MOST_PER_TURN)} tokens a turn`,
      measured: `up to ${count(largest)}`,
      holds: largest <= MOST_PER_TURN,
    },
    {
      claim: `${resilient.name}: at most ${count(MOST_IN_ALL)} tokens in all turns`,
      measured: count(inAll),
      holds: inAll <= MOST_IN_ALL,
    },
    {
      claim: `${resilient.name}: every turn answered, no error for the agent`,
      measured: `${answered} of ${turns}, ${errors} errors`,
      holds: answered === turns && errors === 0,
    },
  ]
}
