import { expect, test } from 'vitest'
import type { CallResult } from '../../demo/contestant.ts'
import { commonCalls, drawTable, type Tally } from '../../demo/table.ts'
import type { Terminal } from '../../demo/terminal.ts'
import { terminalOn } from '../../demo/terminal.ts'

const plain: Terminal = { width: 80, live: false, paint: (_style, text) => text, print: () => {}, redraw: () => {} }

const result = (call: number, outcome: CallResult['outcome'], durationMs: number): CallResult => ({
  call,
  outcome,
  hung: false,
  error: undefined,
  attempts: [],
  durationMs,
})

const tally = (name: string, ...results: CallResult[]): Tally => ({ name, results, sockets: { opened: 1, left: 0 } })

/** The cells of a row. */
const row = (lines: readonly string[], label: string): string[] | undefined =>
  lines
    .find((line) => line.trim().startsWith(label))
    ?.trim()
    .slice(label.length)
    .trim()
    .split(/ {2,}/)

test('times are compared over the calls that every lane has answered right', () => {
  const quick = tally(
    'quick to fail',
    result(1, 'succeeded', 1000),
    result(2, 'failed', 10),
    result(3, 'cut_short', 20),
  )
  const slow = tally('slow', result(1, 'succeeded', 3000), result(2, 'succeeded', 90_000), result(3, 'succeeded', 5000))
  expect([...commonCalls([quick, slow])]).toEqual([1])
  const lines = drawTable(plain, [quick, slow])
  expect(row(lines, 'time, p50 *')).toEqual(['1.0 s', '3.0 s'])
  expect(row(lines, 'time, p99 *')).toEqual(['1.0 s', '3.0 s'])
  expect(row(lines, 'slowest right answer')).toEqual(['1.0 s', '90.0 s'])
})

test('of one lane alone the times are those of its right answers, without a star', () => {
  const lines = drawTable(plain, [tally('alone', result(1, 'succeeded', 1000), result(2, 'failed', 90_000))])
  expect(row(lines, 'time, p99')).toEqual(['1.0 s'])
  expect(lines.join('\n')).not.toContain('*')
})

test('lanes without a common right answer have no time to compare', () => {
  const lines = drawTable(plain, [tally('a', result(1, 'failed', 5)), tally('b', result(1, 'succeeded', 5))])
  expect(lines.some((line) => line.includes('time, p50'))).toBe(false)
  expect(row(lines, 'slowest right answer')).toEqual(['–', '0.0 s'])
})

test('four lanes of a thousand calls and large figures fit into 80 columns', () => {
  const results = Array.from({ length: 1000 }, (_, index) => result(index, 'succeeded', 1e7))
  const four = ['fetch', 'openai', 'ours', 'ours+hedge'].map((name) => ({ ...tally(name, ...results), ownMs: 9999.9 }))
  for (const line of drawTable(plain, four)) expect(line.length, line).toBeLessThanOrEqual(80)
})

test('a pipe is 80 columns wide and plain; a terminal too narrow for a line is not written over', () => {
  const on = (stream: object) => terminalOn(stream as NodeJS.WriteStream, {})
  expect(on({ isTTY: false })).toMatchObject({ width: 80, live: false })
  expect(on({ isTTY: true, columns: 80 })).toMatchObject({ width: 80, live: true })
  expect(on({ isTTY: true, columns: 120 })).toMatchObject({ width: 110, live: true })
  expect(on({ isTTY: true, columns: 40 })).toMatchObject({ live: false })
})
