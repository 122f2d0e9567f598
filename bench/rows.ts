import { type Measures, majorOf, PARTICIPANTS, ratioOf, type Spread, spreadOf, type WorkloadName } from './measures.ts'
import { NAMES } from './names.ts'
import type { ProbeName } from './probes/contract.ts'
import { type ProbeMeasures, probeKey } from './probes/rounds.ts'

export interface Row {
  readonly title: string
  readonly against: string
  readonly parts: readonly Part[]
}

/** One ratio and its target. */
export interface Part {
  readonly label: string
  /** Of figures that are not ratios. */
  readonly unit?: string
  readonly target: { readonly atMost: number } | { readonly atLeast: number } | 'information'
  /** The major version of Node that the target applies to, if not to all. */
  readonly onNode?: string
  measure(measures: Measures, probes: ProbeMeasures): Spread
}

const FIRST_CALLERS = [
  ['typed stream', 'typed'],
  ['drop-in fetch', 'drop_in'],
  ['undici dispatch by hand', 'dispatch'],
  ['global fetch, which Node loads when it is first used', 'global_fetch'],
  ['openai SDK on its default fetch', 'openai'],
] as const

/** The ratios with targets, in the order of the report. */
export const ROWS: readonly Row[] = [
  {
    title: 'CPU per event, typed stream',
    against: 'undici dispatch + eventsource-parser + JSON.parse by hand',
    parts: [
      {
        label: 'one event per chunk',
        target: { atMost: 1.1 },
        measure: (all) => ratioOf(all, 'events_event', ['typed', 'dispatch']),
      },
      {
        label: 'one event per TCP segment',
        target: { atMost: 1.1 },
        measure: (all) => ratioOf(all, 'events_segment', ['typed', 'dispatch']),
      },
      {
        label: '16 KB chunks',
        target: { atMost: 1.2 },
        measure: (all) => ratioOf(all, 'events_block', ['typed', 'dispatch']),
      },
    ],
  },
  {
    title: 'CPU per event, typed stream, times faster',
    against: 'openai SDK on its default fetch',
    parts: [
      {
        label: 'one event per chunk',
        target: { atLeast: 4 },
        measure: (all) => ratioOf(all, 'events_event', ['openai_default', 'typed']),
      },
      {
        label: 'one event per TCP segment',
        target: { atLeast: 2.5 },
        measure: (all) => ratioOf(all, 'events_segment', ['openai_default', 'typed']),
      },
      {
        label: '16 KB chunks',
        target: { atLeast: 4 },
        measure: (all) => ratioOf(all, 'events_block', ['openai_default', 'typed']),
      },
    ],
  },
  {
    title: 'CPU per event, openai SDK on our fetch, times faster',
    against: 'openai SDK on its default fetch   (the target is for Node 26)',
    parts: [
      {
        label: 'one event per chunk',
        target: { atLeast: 1.4 },
        onNode: '26',
        measure: (all) => ratioOf(all, 'events_event', ['openai_default', 'openai_on_ours']),
      },
      {
        label: '16 KB chunks',
        target: { atLeast: 1.4 },
        onNode: '26',
        measure: (all) => ratioOf(all, 'events_block', ['openai_default', 'openai_on_ours']),
      },
    ],
  },
  {
    title: 'CPU per event, drop-in fetch, body read as bytes',
    against: 'undici.fetch, body read as bytes',
    parts: [
      {
        label: 'one event per chunk',
        target: { atMost: 1 },
        measure: (all) => ratioOf(all, 'bytes_event', ['drop_in', 'undici_fetch']),
      },
      {
        label: '16 KB chunks',
        target: { atMost: 1.3 },
        measure: (all) => ratioOf(all, 'bytes_block', ['drop_in', 'undici_fetch']),
      },
    ],
  },
  {
    title: 'short calls per second (20 events, 64 at a time), drop-in fetch, times as many',
    against: 'undici.fetch',
    parts: [
      {
        label: 'by the clock on the wall',
        target: { atLeast: 1.5 },
        measure: (all) => ratioOf(all, 'short_bytes', ['undici_fetch', 'drop_in'], 'wallUs'),
      },
      {
        label: 'by CPU',
        target: { atLeast: 1.5 },
        measure: (all) => ratioOf(all, 'short_bytes', ['undici_fetch', 'drop_in']),
      },
      {
        label: 'undici dispatch by hand, the floor, by CPU',
        target: 'information',
        measure: (all) => ratioOf(all, 'short_bytes', ['undici_fetch', 'dispatch']),
      },
    ],
  },
  {
    title: 'short calls per second (20 events, 64 at a time), typed stream, times as many',
    against: 'undici dispatch + eventsource-parser + JSON.parse by hand',
    parts: [
      {
        label: 'by CPU',
        target: { atLeast: 0.8 },
        measure: (all) => ratioOf(all, 'short_events', ['dispatch', 'typed']),
      },
    ],
  },
  {
    title: 'short calls per second (20 events, 64 at a time), openai SDK on our fetch, times as many',
    against: 'openai SDK on its default fetch',
    parts: [
      {
        label: 'by CPU',
        target: { atLeast: 1.2 },
        measure: (all) => ratioOf(all, 'short_events', ['openai_default', 'openai_on_ours']),
      },
    ],
  },
  {
    title: 'short calls per second (20 events, 64 at a time), AI SDK on our fetch, times as many',
    against: 'AI SDK on its default fetch',
    parts: [
      {
        label: 'by CPU',
        target: 'information',
        measure: (all) => ratioOf(all, 'short_events', ['ai_default', 'ai_on_ours']),
      },
    ],
  },
  beside('CPU per event, body read as bytes, one event per chunk', 'bytes_event'),
  beside('CPU per event, body read as bytes, 16 KB chunks', 'bytes_block'),
  beside('CPU per short call (20 events, 64 at a time), body read as bytes', 'short_bytes'),
  {
    title: 'heap per waiting stream, 2 000 of them (quick: 500)',
    against: 'undici dispatch by hand, one Client each, with a decoder and a parser',
    parts: [
      {
        label: 'typed stream',
        target: { atMost: 1.25 },
        measure: probeRatio('waiting', 'typed/heap', 'dispatch/heap'),
      },
      {
        label: 'drop-in fetch',
        target: { atMost: 1.6 },
        measure: probeRatio('waiting', 'drop_in/heap', 'dispatch/heap'),
      },
      {
        label: 'undici.fetch',
        target: 'information',
        measure: probeRatio('waiting', 'undici_fetch/heap', 'dispatch/heap'),
      },
      { label: 'typed stream', unit: 'KB', target: 'information', measure: probeValue('waiting', 'typed/heap') },
    ],
  },
  {
    title: 'RSS per waiting stream, 2 000 of them (quick: 500), and CPU to open it',
    against: 'undici dispatch by hand, one Client each, with a decoder and a parser',
    parts: (['typed', 'drop_in', 'undici_fetch'] as const).flatMap((name) => [
      {
        label: `${NAMES[name]}: RSS`,
        target: 'information',
        measure: probeRatio('waiting', `${name}/rss`, 'dispatch/rss'),
      },
      {
        label: `${NAMES[name]}: CPU`,
        target: 'information',
        measure: probeRatio('waiting', `${name}/cpu`, 'dispatch/cpu'),
      },
    ]),
  },
  {
    title: 'heap per waiting typed stream, by their number',
    against: '100 of them',
    parts: [
      { label: '1 000', target: { atMost: 1.1 }, measure: probeRatio('crowd', '1000/heap', '100/heap') },
      { label: '5 000', target: { atMost: 1.1 }, measure: probeRatio('crowd', '5000/heap', '100/heap') },
      { label: '10 000', target: { atMost: 1.1 }, measure: probeRatio('crowd', '10000/heap', '100/heap') },
    ],
  },
  {
    title: 'waiting typed streams, 5 000 of them',
    against: 'undici dispatch by hand, one Client each, with a decoder and a parser',
    parts: [
      { label: 'heap', target: 'information', measure: probeRatio('crowd', '5000/heap', '5000_by_hand/heap') },
      { label: 'RSS', target: 'information', measure: probeRatio('crowd', '5000/rss', '5000_by_hand/rss') },
      { label: 'CPU to open', target: 'information', measure: probeRatio('crowd', '5000/cpu', '5000_by_hand/cpu') },
    ],
  },
  {
    title: 'waiting typed streams, 10 000 of them',
    against: '1 000 of them, each',
    parts: [
      { label: 'RSS', target: 'information', measure: probeRatio('crowd', '10000/rss', '1000/rss') },
      { label: 'CPU to open', target: 'information', measure: probeRatio('crowd', '10000/cpu', '1000/cpu') },
    ],
  },
  {
    title: 'a connect over TLS 1.3 to an origin seen before, CPU',
    against: 'new Client with its default connector',
    parts: [
      {
        label: 'fresh connection',
        target: { atMost: 0.65 },
        measure: probeRatio('tls_connect', 'connect', 'connect_default'),
      },
      {
        label: 'a whole short call on one',
        target: 'information',
        measure: probeRatio('tls_connect', 'call', 'call_client_each'),
      },
    ],
  },
  {
    title: 'CPU per short call, one at a time',
    against: "isolation 'leased' on the same transport",
    parts: [
      { label: 'plain, fresh', target: 'information', measure: probeRatio('connections', 'fresh', 'leased') },
      {
        label: 'plain, fresh and warm',
        target: 'information',
        measure: probeRatio('connections', 'fresh_warm', 'leased'),
      },
      { label: 'TLS, fresh', target: 'information', measure: probeRatio('connections', 'tls_fresh', 'tls_leased') },
      {
        label: 'TLS, fresh and warm',
        target: 'information',
        measure: probeRatio('connections', 'tls_fresh_warm', 'tls_leased'),
      },
    ],
  },
  {
    title: 'from the reset of a connection to the next request on the wire, without jitter',
    against: 'nothing: milliseconds',
    parts: [
      { label: 'drop-in fetch', unit: 'ms', target: 'information', measure: probeValue('retry_latency', 'ours') },
    ],
  },
  {
    title: 'of 3 000 POSTs to a server that closes idle connections at the worst moment: failed',
    against: 'nothing: how many, without a retry',
    parts: [
      { label: 'drop-in fetch', unit: '', target: { atMost: 0 }, measure: probeValue('idle_close', 'ours') },
      { label: 'undici.fetch', unit: '', target: 'information', measure: probeValue('idle_close', 'undici_fetch') },
      { label: 'undici Agent', unit: '', target: 'information', measure: probeValue('idle_close', 'undici_agent') },
    ],
  },
  {
    title: 'latency of a call while 1 000 calls to another origin are under way',
    against: 'the same with nothing beside it',
    parts: [
      { label: 'drop-in fetch', target: 'information', measure: probeRatio('neighbour', 'beside_1000', 'alone') },
    ],
  },
  {
    title: 'timers of 5 000 silent streams over 60 s of virtual time',
    against: 'nothing: per attempt',
    parts: [
      { label: 'armed', unit: '', target: { atMost: 1 }, measure: probeValue('timers', 'armed') },
      { label: 'wake-ups', unit: '', target: { atMost: 1 }, measure: probeValue('timers', 'fired') },
    ],
  },
  {
    title: 'WebSocket: whether a request continues the last turn, CPU at 5 MB of history',
    against: 'nothing: per request',
    parts: [{ label: 'all', unit: 'ms', target: { atMost: 15 }, measure: probeValue('fit', 'ours') }],
  },
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

/** All byte readers, compared with the minimum. */
function beside(title: string, workload: WorkloadName): Row {
  return {
    title,
    against: 'undici dispatch by hand',
    parts: PARTICIPANTS[workload]
      .filter((name) => name !== 'dispatch')
      .map((name) => ({
        label: NAMES[name],
        target: 'information',
        measure: (all) => ratioOf(all, workload, [name, 'dispatch']),
      })),
  }
}

function probeValue(probe: ProbeName, variant: string): Part['measure'] {
  return (_measures, probes) => spreadOf(probes[probeKey(probe, variant)] ?? [])
}

function probeRatio(probe: ProbeName, over: string, under: string): Part['measure'] {
  return (_measures, probes) => {
    const below = probes[probeKey(probe, under)] ?? []
    return spreadOf((probes[probeKey(probe, over)] ?? []).map((value, round) => value / (below[round] ?? Number.NaN)))
  }
}

/** The minimum of wall time in new processes, because other load only adds time. */
function leastOf(probe: ProbeName, variant: string): Part['measure'] {
  return (_measures, probes) => spreadOf(least(probes[probeKey(probe, variant)]))
}

function leastRatio(probe: ProbeName, over: string, under: string): Part['measure'] {
  return (_measures, probes) => {
    const [above] = least(probes[probeKey(probe, over)])
    const [below] = least(probes[probeKey(probe, under)])
    return spreadOf(above === undefined || below === undefined ? [] : [above / below])
  }
}

const least = (values: readonly number[] = []): number[] => (values.length === 0 ? [] : [Math.min(...values)])

/** The name of a part of a row by itself. */
export function keyOf({ title }: Row, { label, unit = '×' }: Part): string {
  return `${title} / ${label}${unit === '×' || unit === '' ? '' : `, ${unit}`}`
}

export type Verdict = 'reached' | 'missed' | 'open'

export function verdictOf({ target, onNode }: Part, { median }: Spread, version: string): Verdict {
  if (typeof target === 'string' || Number.isNaN(median)) return 'open'
  if (onNode !== undefined && onNode !== majorOf(version)) return 'open'
  const reached = 'atMost' in target ? median <= target.atMost : median >= target.atLeast
  return reached ? 'reached' : 'missed'
}

export function targetText({ target, unit = '×' }: Part): string {
  if (typeof target === 'string') return '–'
  const [sign, value] = 'atMost' in target ? ['≤', target.atMost] : ['≥', target.atLeast]
  return `${sign} ${value} ${unit}`.trim()
}
