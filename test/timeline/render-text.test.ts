import { stripVTControlCharacters } from 'node:util'
import { expect, it } from 'vitest'
import { drawRuler } from '../../src/picture/draw.ts'
import { type PicturedCall, renderText } from '../../src/timeline/index.ts'
import { invalid } from '../support/typed.ts'
import { madeCalls } from './made-calls.ts'

const CALL: PicturedCall = {
  callId: 7,
  label: 'turn',
  outcome: 'failed',
  durationMs: 1000,
  attempts: [
    {
      outcome: 'failed',
      phase: 'waiting',
      code: 'connection_reset',
      startedAtMs: 0,
      connectedAtMs: 10,
      endedAtMs: 1000,
    },
  ],
}

it('draws calls on one scale, with their names, ends, reasons and a legend', () => {
  const text = renderText([
    CALL,
    { ...CALL, callId: 12, label: undefined, outcome: 'completed', attempts: [], durationMs: 500 },
  ])
  expect(text).toBe(`               │0 s                   │0.5 s                │1 s
  call 7 turn  ╶░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░✕  ✕ failed    1.0 s
               connection_reset
  call 12      ·······················                        ✓ ok        0.5 s

  · queue  ╶ connect  ░ wait  ✕ cut
`)
})

it('tells the duration of a short call in milliseconds, and draws its wait for a permit', () => {
  const attempt = { ...CALL.attempts[0], outcome: 'committed', code: undefined, phase: 'committed' } as const
  const whole = { ...attempt, startedAtMs: 20, connectedAtMs: 30, committedAtMs: 60, endedAtMs: 80 }
  const call = { callId: 1, outcome: 'completed', durationMs: 84, queuedMs: 18, attempts: [whole] } as const
  expect(
    renderText([call, { ...call, callId: 2, queuedMs: undefined }, { ...call, callId: 3, durationMs: 100 }]),
  ).toBe(`          │0 ms                    │50 ms                   │100 ms
  call 1  ··········╶╶╶╶╶░░░░░░░░░░░░░░░██████████            ✓ ok        84 ms
  call 2  ╶╶╶╶╶╶╶╶╶╶╶╶╶╶╶░░░░░░░░░░░░░░░██████████            ✓ ok        84 ms
  call 3  ··········╶╶╶╶╶░░░░░░░░░░░░░░░██████████            ✓ ok        0.1 s

  · queue  ╶ connect  ░ wait  █ output
`)
})

it.each([40, 60, 80, 120, 400])('fits %d columns, with colours and without', (columns) => {
  const calls = madeCalls(200)
  const text = renderText(calls, { columns })
  for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(columns)
  expect(stripVTControlCharacters(renderText(calls, { columns, color: true }))).toBe(text)
})

it('nothing that a caller or an endpoint has chosen reaches the terminal as a control', () => {
  const hostile = { ...CALL, label: '\x1b[2J\u202eevil\nline', heading: 'a\nb\x07', name: undefined }
  const attempts = CALL.attempts.map((attempt) => ({ ...attempt, code: '\x1b]0;x' }))
  const text = renderText([{ ...hostile, attempts }])
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\u202e]/)
})

it('draws no call at all', () => {
  expect(renderText([])).toBe('no calls\n')
})

it.each<[object, string]>([
  [{ columns: 39 }, 'columns: got 39; accepted: a whole number from 40 to 400.'],
  [{ color: 'yes' }, 'color: got'],
  [{ width: 80 }, "Unknown option 'width' of renderText(); accepted are columns, color."],
])('refuses %j', (options, message) => {
  expect(() => renderText([], options)).toThrow(message)
})

it.each<[unknown, string]>([
  [null, 'renderText(): calls: got null; accepted: a list of calls.'],
  [[null], 'renderText(): calls.0: got null; accepted: an object, one call.'],
  [[{ ...CALL, durationMs: Number.NaN }], 'renderText(): calls.0.durationMs: got NaN; accepted: milliseconds from 0.'],
  [[CALL, { ...CALL, durationMs: Infinity }], 'renderText(): calls.1.durationMs: got Infinity;'],
  [[{ ...CALL, durationMs: undefined }], 'renderText(): calls.0.durationMs: got undefined;'],
  [[{ ...CALL, attempts: undefined }], 'renderText(): calls.0.attempts: got undefined; accepted: a list of attempts.'],
  [
    [{ ...CALL, attempts: [{ ...CALL.attempts[0], endedAtMs: Number.NaN }] }],
    'renderText(): calls.0.attempts.0.endedAtMs: got NaN; accepted: milliseconds from 0.',
  ],
])('refuses calls that cannot be drawn: %j', (calls, message) => {
  expect(() => renderText(invalid(calls))).toThrow(message)
})

it.each([Number.NaN, Infinity])('a ruler of %d milliseconds ends', (ms) => {
  expect(drawRuler(ms, 80)).toBe('')
})

it('rows with wide characters and emoji line up with the others', () => {
  const labels = ['abcd', '日本', '🚀ab', 'e\u0301bcd', '❤️cd', '한글', '✓bcd', 'ａb.']
  const text = renderText(labels.map((label) => ({ ...CALL, label })))
  const rests = labels.map((label) => text.split(` ${label}`)[1]?.split('\n')[0])
  expect(new Set(rests).size, text).toBe(1)
})

it('cuts a long name between characters, at its cells', () => {
  const text = renderText([{ ...CALL, label: '名'.repeat(30) }, CALL], { columns: 80 })
  expect(text).toContain(`  call 7 ${'名'.repeat(4)}…  ╶`)
})
