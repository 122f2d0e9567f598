import { expect, test } from 'vitest'
import { Attempts } from '../../demo/attempts.ts'
import type { CallResult } from '../../demo/contestant.ts'
import { drawResults } from '../../demo/results.ts'
import { drawFates, MISBEHAVIOURS, MOST_IN_A_ROW } from '../../demo/scenario.ts'
import { terminalOn } from '../../demo/terminal.ts'

test('the fates of calls depend on the seed alone, and none is worse than the default retries can bear', () => {
  const fates = drawFates(500, 7)
  expect(drawFates(500, 7)).toEqual(fates)
  expect(drawFates(500, 8)).not.toEqual(fates)
  expect(Math.max(...fates.map(({ length }) => length))).toBe(MOST_IN_A_ROW)
  const met = fates.flat().map(({ name }) => name)
  for (const { name } of MISBEHAVIOURS) expect(met).toContain(name)
})

test('a call without this library is drawn by the same renderer: its cuts, its back-off, its output, and its outcome', () => {
  const attempts = new Attempts()
  attempts.started(0)
  attempts.failed('wall clock 120 s', 4000)
  attempts.started(6000)
  attempts.heard(8000)
  const result: CallResult = {
    call: 1,
    outcome: 'cut_short',
    hung: true,
    error: undefined,
    attempts: attempts.ended(10_000),
    durationMs: 10_000,
  }
  const terminal = terminalOn({ isTTY: false } as NodeJS.WriteStream, {})
  const lines = drawResults(terminal, [{ name: 'fetch', heading: 'call 1  meets: dead', result }])
  expect(lines[1]).toBe('  call 1  meets: dead')
  expect(lines[2]).toMatch(/^ {2}fetch {2}░{20}✕╌{10}░{10}█{10} {2}! short {4}10\.0 s$/)
  expect(lines[3]).toBe(`${' '.repeat(9)}wall clock 120 s`)
})
