import { NAMES } from '../names.ts'
import { probeRatio, probeValue, type Row } from '../row.ts'

/** What waits, connects and fails. */
export const CONNECTION_ROWS: readonly Row[] = [
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
]
