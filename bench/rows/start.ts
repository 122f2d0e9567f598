import { leastOf, leastRatio, type Part, type Row } from '../row.ts'

const FIRST_CALLERS = [
  ['typed stream', 'typed'],
  ['drop-in fetch', 'drop_in'],
  ['undici dispatch by hand', 'dispatch'],
  ['global fetch, which Node loads when it is first used', 'global_fetch'],
  ['openai SDK on its default fetch', 'openai'],
] as const

/** What the first call of a process and an import cost. */
export const START_ROWS: readonly Row[] = [
  {
    title: 'from making a client to the first event of the first call of a process, least of all runs',
    against: 'undici.fetch; all modules are imported already',
    parts: [
      ...FIRST_CALLERS.map(
        ([label, variant]): Part => ({
          label,
          target: 'information',
          measure: leastRatio('first_call', variant, 'undici_fetch'),
        }),
      ),
      { label: 'drop-in fetch', unit: 'ms', target: 'information', measure: leastOf('first_call', 'drop_in') },
    ],
  },
  {
    title: 'time to import the package, built, least of all runs',
    against: 'importing what it uses of undici, zod and eventsource-parser',
    parts: [
      { label: 'all', target: { atMost: 0.7 }, measure: leastRatio('import_time', 'package', 'dependencies') },
      { label: 'all', unit: 'ms', target: 'information', measure: leastOf('import_time', 'package') },
    ],
  },
]
