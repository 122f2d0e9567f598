import { probeRatio, probeValue, type Row } from '../row.ts'

/** What watching the calls costs. */
export const TELEMETRY_ROWS: readonly Row[] = [
  {
    title: 'CPU of a short call (20 events, typed, one after another), watched',
    against: 'the same client without instrumentations',
    parts: [
      {
        label: 'OpenTelemetry and a recorder',
        target: { atMost: 1.35 },
        measure: probeRatio('telemetry', 'call_on', 'call_off'),
      },
      {
        label: 'the same spans and metrics by hand',
        target: 'information',
        measure: probeRatio('telemetry', 'call_hand', 'call_off'),
      },
      { label: 'OpenTelemetry', target: 'information', measure: probeRatio('telemetry', 'call_traced', 'call_off') },
      { label: 'a recorder', target: 'information', measure: probeRatio('telemetry', 'call_recorder', 'call_off') },
      { label: 'not watched', unit: 'µs', target: 'information', measure: probeValue('telemetry', 'call_off') },
    ],
  },
  {
    title: 'CPU of the same call with OpenTelemetry, without a recorder',
    against: 'a program that makes the same spans and metrics by hand',
    parts: [
      {
        label: '`openTelemetry()`',
        target: { atMost: 1.15 },
        measure: probeRatio('telemetry', 'call_traced', 'call_hand'),
      },
    ],
  },
  {
    title: 'CPU per event, typed stream of 100 000 deltas, watched',
    against: 'the same client without instrumentations',
    parts: [
      {
        label: 'OpenTelemetry and a recorder',
        target: { atMost: 1.02 },
        measure: probeRatio('telemetry', 'event_on', 'event_off'),
      },
      { label: 'a recorder', target: 'information', measure: probeRatio('telemetry', 'event_recorder', 'event_off') },
    ],
  },
]
