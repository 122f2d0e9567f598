import { PARTICIPANTS, ratioOf, type WorkloadName } from '../measures.ts'
import { NAMES } from '../names.ts'
import type { Row } from '../row.ts'

/** What an event and a call cost. */
export const STREAM_ROWS: readonly Row[] = [
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
