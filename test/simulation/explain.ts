import { compact } from './compact.ts'
import { drawSchedule } from './draw.ts'
import { runSchedule } from './run-seed.ts'
import { shrink } from './shrink.ts'
import { timelineOf } from './timeline.ts'

/** What a failing seed does, shrunk to what it takes; and the line that keeps it as a regression. `undefined`: it holds. */
export async function explain(seed: number, sockets = false): Promise<string | undefined> {
  const schedule = drawSchedule(seed, sockets)
  const { violations } = await runSchedule(schedule)
  const [violation] = violations
  if (violation === undefined) return undefined
  const { invariant, detail } = violation
  const shortest = await shrink(schedule, invariant)
  return [
    `seed ${seed} breaks ${invariant}: ${detail}`,
    `again: npm run simulate -- --seed ${seed}${sockets ? ' --sockets' : ''}`,
    '',
    await timelineOf(shortest),
    '',
    'as a line of test/simulation/regressions.test.ts:',
    `  ['${invariant}', ${JSON.stringify(compact(shortest))}],`,
  ].join('\n')
}
