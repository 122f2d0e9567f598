import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, describe, expect, it } from 'vitest'
import { nextTurn } from '../../src/core/turn.ts'
import { TelemetryEmitter } from '../../src/telemetry/emitter.ts'
import type { TelemetryEvent, TelemetryEventType } from '../../src/telemetry/events.ts'

const START: TelemetryEvent = {
  type: 'call_start',
  startedAt: '2026-01-01T00:00:00.000Z',
  callId: 1,
  atMs: 0,
  kind: 'stream',
  method: 'POST',
  url: 'https://api.test/v1/responses',
  continuation: false,
  model: 'm',
  effort: undefined,
  tier: undefined,
  stream: true,
  label: undefined,
  bodyBytes: 2,
}
const END: TelemetryEvent = {
  type: 'call_end',
  callId: 1,
  atMs: 5,
  outcome: 'completed',
  attempts: 1,
  hedges: 0,
  code: undefined,
  giveUpReason: undefined,
  firstEventMs: 3,
  firstOutputMs: 4,
}

const subscriptions: Array<() => void> = []
afterEach(() => {
  for (const end of subscriptions.splice(0)) end()
})

/** Listens on the channel of one type. */
function onChannel(type: TelemetryEventType): unknown[] {
  const seen: unknown[] = []
  const listener = (message: unknown): void => void seen.push(message)
  subscribe(`resilient-responses:${type}`, listener)
  subscriptions.push(() => unsubscribe(`resilient-responses:${type}`, listener))
  return seen
}

describe('telemetry', () => {
  it('reaches the listener and the channel of its type, as the same event', () => {
    const heard: TelemetryEvent[] = []
    const starts = onChannel('call_start')
    const ends = onChannel('call_end')
    const telemetry = new TelemetryEmitter((event) => heard.push(event))
    telemetry.emit(START)
    telemetry.emit(END)
    expect(heard).toEqual([START, END])
    expect(starts).toEqual([START])
    expect(ends[0]).toBe(END)
    expect(heard[1]).toBe(END)
  })

  it('is wanted only if there is a listener or a subscriber', () => {
    const silent = new TelemetryEmitter(undefined)
    expect(silent.wants('call_start')).toBe(false)
    onChannel('call_start')
    expect(silent.wants('call_start')).toBe(true)
    expect(silent.wants('call_end')).toBe(false)
    expect(new TelemetryEmitter(() => {}).wants('call_end')).toBe(true)
  })

  it('of a type that no listener names is not wanted, and is told to those alone that want it', () => {
    const some: TelemetryEvent[] = []
    const all: TelemetryEvent[] = []
    const ends = { listener: (event: TelemetryEvent) => void some.push(event), types: ['call_end'] as const }
    const telemetry = new TelemetryEmitter(ends)
    expect([telemetry.wants('call_start'), telemetry.wants('call_end')]).toEqual([false, true])
    onChannel('call_start')
    expect(telemetry.wants('call_start')).toBe(true)
    for (const emitter of [telemetry, new TelemetryEmitter(ends, (event) => void all.push(event))])
      for (const event of [START, END]) emitter.emit(event)
    expect(some).toEqual([END, END])
    expect(all).toEqual([START, END])
  })

  const fails = (): never => {
    throw new Error('listener')
  }
  // biome-ignore-start lint/suspicious/noThenProperty: what looks like a promise is the point.
  const thenable = { then: (_: unknown, reject: (error: Error) => void) => reject(new Error('listener')) }
  const trap = {
    get then() {
      return fails()
    },
  }
  // biome-ignore-end lint/suspicious/noThenProperty: what looks like a promise is the point.
  const broken: ReadonlyArray<readonly [string, () => unknown]> = [
    ['throws', fails],
    ['rejects', () => Promise.reject(new Error('listener'))],
    ['rejects in its own way', () => thenable],
    ['returns a trap', () => trap],
    ['never settles', () => new Promise(() => {})],
  ]
  it.each(broken)('breaks nothing where the listener %s', async (_, listen) => {
    const ends = onChannel('call_end')
    let calls = 0
    const telemetry = new TelemetryEmitter(() => {
      calls++
      return listen() as undefined
    })
    telemetry.emit(START)
    telemetry.emit(END)
    // An unhandled rejection would fail the run.
    await nextTurn()
    expect(calls).toBe(2)
    expect(ends).toEqual([END])
  })
})
