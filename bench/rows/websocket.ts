import { ratioOf } from '../measures.ts'
import { probeRatio, probeValue, type Row, thousandths } from '../row.ts'

export const WEB_SOCKET_ROWS: readonly Row[] = [
  {
    title: 'WebSocket: 20 turns with tool calls, history growing to 200 KB, 50 ms of round trip, TLS',
    against: 'the same over HTTP keep-alive, the whole history in each turn',
    parts: [
      { label: 'bytes sent', target: { atMost: 0.15 }, measure: probeRatio('turns', 'socket/bytes', 'http/bytes') },
      {
        label: 'time, where a TCP window begins anew after each tool',
        target: { atMost: 0.8 },
        measure: probeRatio('turns', 'socket/ms', 'http/ms'),
      },
      {
        label: 'time, without a TCP window: each turn is one round trip in any case',
        target: 'information',
        measure: probeRatio('turns', 'socket_delay/ms', 'http_delay/ms'),
      },
      { label: 'bytes sent', unit: 'KB', target: 'information', measure: thousandths('turns', 'socket/bytes') },
      { label: 'time', unit: 'ms', target: 'information', measure: probeValue('turns', 'socket/ms') },
    ],
  },
  {
    title: 'WebSocket: CPU per event, typed stream',
    against: '`ws` and JSON.parse by hand',
    parts: [
      {
        label: 'one message after the other',
        target: { atMost: 1.3 },
        measure: (all) => ratioOf(all, 'socket_events', ['typed_socket', 'ws_by_hand']),
      },
      {
        label: 'one message per TCP segment',
        target: { atMost: 1.3 },
        measure: (all) => ratioOf(all, 'socket_segment', ['typed_socket', 'ws_by_hand']),
      },
    ],
  },
  {
    title: 'WebSocket: CPU per short call (20 events, 64 at a time), typed stream on warm sockets',
    against: '`ws` and JSON.parse by hand',
    parts: [
      {
        label: 'by CPU',
        target: 'information',
        measure: (all) => ratioOf(all, 'socket_short', ['typed_socket', 'ws_by_hand']),
      },
    ],
  },
  {
    title: 'WebSocket: heap per waiting response, 2 000 of them (quick: 500)',
    against: 'one socket of `ws` each, by hand',
    parts: [
      {
        label: 'typed stream',
        target: { atMost: 1.4 },
        measure: probeRatio('waiting', 'typed_socket/heap', 'ws/heap'),
      },
      {
        label: 'typed stream: RSS',
        target: 'information',
        measure: probeRatio('waiting', 'typed_socket/rss', 'ws/rss'),
      },
      {
        label: 'typed stream: CPU to open',
        target: 'information',
        measure: probeRatio('waiting', 'typed_socket/cpu', 'ws/cpu'),
      },
      { label: 'typed stream', unit: 'KB', target: 'information', measure: probeValue('waiting', 'typed_socket/heap') },
    ],
  },
  {
    title: 'WebSocket: what a client without it has loaded after its first call',
    against: 'nothing',
    parts: [
      {
        label: 'files of `ws` loaded',
        unit: '',
        target: { atMost: 0 },
        measure: probeValue('web_socket_unused', 'without/files'),
      },
      {
        label: 'heap after the first call',
        unit: 'KB',
        target: 'information',
        measure: probeValue('web_socket_unused', 'without/heap'),
      },
    ],
  },
  {
    title: 'WebSocket: whether a request continues the last turn, CPU at 5 MB of history',
    against: 'nothing: per request',
    parts: [{ label: 'all', unit: 'ms', target: { atMost: 15 }, measure: probeValue('fit', 'ours') }],
  },
]
