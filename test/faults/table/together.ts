import type { Chapter } from '../support/row.ts'

/** Several faults at once: other folders have the means for them. */
export const TOGETHER: Chapter = {
  71: {
    title: 'any two of them, on seeds',
    expectation: 'every invariant holds',
    cases: [],
    elsewhere: [['test/simulation/simulation.test.ts', 'hold every invariant']],
  },
  72: {
    title: 'a hedge: ties, losers that fail, winners that die, aborts',
    expectation: 'one outcome',
    cases: [],
    elsewhere: [
      ['test/client/hedge.test.ts', 'two attempts that answer in the same tick give one outcome, from one attempt'],
      ['test/client/hedge.test.ts', 'a 4xx on the hedge does not fail the original that lives'],
      ['test/client/hedge.test.ts', 'the winner that breaks after its commit is an interruption'],
      ['test/client/hedge.test.ts', 'an abort ends all attempts at once'],
    ],
  },
}
