import { expect, test } from 'vitest'
import { drawFates, MISBEHAVIOURS, MOST_IN_A_ROW } from '../../demo/scenario.ts'
import type { Terminal } from '../../demo/terminal.ts'
import { drawBar } from '../../demo/timeline.ts'
import { TraceRecorder } from '../../demo/trace.ts'

const plain: Terminal = { width: 100, live: false, paint: (_style, text) => text, print: () => {}, redraw: () => {} }

test('a bar shows what a call did, to scale, and what is too short to scale in one cell', () => {
  const trace = new TraceRecorder()
  trace.attempt(0, 'connect')
  trace.enter('wait', 10)
  trace.cut('ttfb_timeout', 4000)
  trace.enter('back_off', 4000)
  trace.attempt(6000, 'connect')
  trace.enter('wait', 6010)
  trace.enter('stream', 8000)
  expect(drawBar(plain, trace.end(10_000), 10_000, 20)).toBe('╶░░░░░░░✕╌╌╌╶░░░████')
})

test('a trace that ends in a cut ends with its mark', () => {
  const trace = new TraceRecorder()
  trace.attempt(0, 'wait')
  trace.cut('reset', 500)
  expect(drawBar(plain, trace.end(500), 1000, 10)).toBe('░░░░░✕')
})

test('the fates of calls depend on the seed alone, and none is worse than the default retries can bear', () => {
  const fates = drawFates(500, 7)
  expect(drawFates(500, 7)).toEqual(fates)
  expect(drawFates(500, 8)).not.toEqual(fates)
  expect(Math.max(...fates.map(({ length }) => length))).toBe(MOST_IN_A_ROW)
  const met = fates.flat().map(({ name }) => name)
  for (const { name } of MISBEHAVIOURS) expect(met).toContain(name)
})

test('a bar is never longer than its place, however much happened, and shows when an attempt was hedged', () => {
  const trace = new TraceRecorder()
  for (let at = 0; at < 1000; at += 100) {
    trace.attempt(at, 'connect')
    trace.hedge(at + 20)
    trace.enter('wait', at + 40)
    trace.cut('reset', at + 90)
  }
  const bar = drawBar(plain, trace.end(1000), 1000, 12)
  expect(bar).toHaveLength(12)
  expect(bar).toContain('»')
})
