import { seededRandom } from '../src/testing/index.ts'
import type { ScriptEntry } from '../src/testing/server.ts'

/** A fault of the endpoint, the share of attempts that meet it, and how the mock server plays it. */
export interface Misbehaviour {
  readonly name: string
  readonly share: number
  readonly meaning: string
  readonly script: ScriptEntry
}

const OVERLOADED = {
  type: 'error',
  sequence_number: 2,
  error: { type: 'server_error', code: 'slow_down', message: 'Slow down and try again.', param: null },
}

export const MISBEHAVIOURS: readonly Misbehaviour[] = [
  {
    name: 'dead on arrival',
    share: 0.2,
    meaning: 'takes the request, then never sends a byte',
    script: { at: 'headers', effect: 'stall' },
  },
  {
    name: 'stalled',
    share: 0.04,
    meaning: 'answers 200, then never sends an event',
    script: { at: 'before_event', event: 0, effect: 'stall' },
  },
  {
    name: 'reset',
    share: 0.04,
    meaning: 'resets the connection',
    script: { at: 'headers', effect: 'reset' },
  },
  {
    name: 'cut off',
    share: 0.03,
    meaning: 'ends the stream before the answer begins',
    script: { at: 'before_event', event: 2, effect: 'eof' },
  },
  {
    name: 'overloaded',
    share: 0.03,
    meaning: 'answers 503, come back in 3 seconds',
    script: { at: 'headers', effect: 'status', status: 503, headers: { 'retry-after': '3' } },
  },
  {
    name: 'slow down',
    share: 0.03,
    meaning: 'answers 200, and says so in the stream',
    script: [
      { at: 'before_event', event: 2, effect: 'event', events: [OVERLOADED] },
      { at: 'before_event', event: 2, effect: 'eof' },
    ],
  },
]

/** A call with more would need more than the default number of retries. */
export const MOST_IN_A_ROW = 4

/** The faults of one call, one for each attempt, until an attempt succeeds. */
export type Fate = readonly Misbehaviour[]

/** The faults of all calls. The same seed gives the same ones, so that every contestant meets the same faults. */
export function drawFates(calls: number, seed: number): Fate[] {
  const random = seededRandom(seed)
  return Array.from({ length: calls }, () => {
    const fate: Misbehaviour[] = []
    while (fate.length < MOST_IN_A_ROW) {
      const met = draw(random())
      if (met === undefined) break
      fate.push(met)
    }
    return fate
  })
}

function draw(chance: number): Misbehaviour | undefined {
  let below = 0
  return MISBEHAVIOURS.find(({ share }) => {
    below += share
    return chance < below
  })
}
