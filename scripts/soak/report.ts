import type { Counts } from './counts.ts'
import type { Tally } from './messages.ts'
import type { Verdict } from './series.ts'

export interface Outcome {
  readonly seconds: number
  readonly seed: number
  readonly restarts: number
  readonly tally: Tally
  readonly verdicts: readonly Verdict[]
  /** What was there when nothing should have been. */
  readonly left: readonly string[]
}

/** Why a soak failed, a line each; none: it passed. */
export function failuresOf({ tally, verdicts, left }: Outcome): string[] {
  return [
    ...tally.violations.slice(0, 20),
    ...verdicts.filter(({ rises }) => rises).map((verdict) => `${verdict.series} rises: ${describe(verdict)}`),
    ...left.map((line) => `left at the end: ${line}`),
    ...(tally.calls === 0 ? ['no call was made'] : []),
  ]
}

export function table({ seconds, seed, restarts, tally, verdicts }: Outcome): string {
  const rows = verdicts.map((verdict) => {
    const { series, unit, first, median, max, trend, tolerated, rises } = verdict
    const cells = [first, median, max, trend?.growth, trend?.certainGrowth, tolerated].map(shown)
    const word = trend === undefined ? 'too few samples' : rises ? 'RISES' : 'flat'
    return [`${series}${unit === '' ? '' : ` (${unit})`}`.padEnd(18), ...cells, `  ${word}`].join('')
  })
  const heads = ['first', 'median', 'max', 'growth', 'certain', 'tolerated'].map((head) => head.padStart(11))
  return [
    `seed ${seed}, ${seconds.toFixed(0)} s, ${tally.calls} calls (${(tally.calls / seconds).toFixed(0)}/s), ${restarts} restarts of the endpoint`,
    `kinds     ${list(tally.kinds)}`,
    `outcomes  ${list(tally.outcomes)}`,
    '',
    `${' '.repeat(18)}${heads.join('')}`,
    ...rows,
  ].join('\n')
}

function describe({ trend, tolerated, unit }: Verdict): string {
  return `${shown(trend?.certainGrowth).trim()} ${unit} at least over the second half, tolerated ${shown(tolerated).trim()}`
}

function shown(value: number | undefined): string {
  if (value === undefined) return '–'.padStart(11)
  return value.toFixed(Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : 1).padStart(11)
}

function list(counts: Counts): string {
  return Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
}
