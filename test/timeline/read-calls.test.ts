import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { isResilientError } from '../../src/index.ts'
import { readCalls, recordCalls } from '../../src/timeline/index.ts'
import { toJSONL } from '../../src/timeline/jsonl.ts'
import { madeCalls } from './made-calls.ts'

const [CALL] = madeCalls(1)
const LINE = toJSONL(madeCalls(1)).trim()
/** The line with another value. */
const changed = (change: object): string => JSON.stringify({ ...(JSON.parse(LINE) as object), ...change })

describe('readCalls', () => {
  it('reads what was written, line by line, over blank lines and a byte order mark', () => {
    const calls = madeCalls(300)
    expect(readCalls(toJSONL(calls))).toEqual(calls)
    expect(readCalls(`\ufeff\n${LINE}\r\n\n  \n${LINE}`)).toEqual([CALL, CALL])
    expect(readCalls('')).toEqual([])
  })

  it('writes characters that are obeyed or not seen as escapes, and reads them as they were', () => {
    const hostile = '\u202eevil\u2028</script>\u0085\u{e0001}\ud800"\n'
    const [first = ''] = toJSONL(madeCalls(1).map((call) => ({ ...call, label: hostile }))).split('\n')
    expect(first).not.toMatch(/[\u007f-\u009f\u202e\u2028\u{e0001}]/u)
    expect(readCalls(first)[0]?.label).toBe(hostile)
  })

  it('keeps the known fields alone', () => {
    const line = `{"__proto__":{"x":1},"later":true,${LINE.slice(1)}`
    expect(readCalls(line)).toEqual([CALL])
    expect(({} as { x?: unknown }).x).toBeUndefined()
  })

  it.each<[string, string]>([
    ['{', 'line 2: not JSON; accepted: a line that recordCalls() has written.'],
    ['[]', 'line 2: accepted: an object, one call.'],
    ['{"a":1}', 'line 2: version: got none; accepted: 1.'],
    [changed({ version: 2 }), 'line 2: version: got 2; accepted: 1.'],
    [changed({ outcome: 'lost' }), "line 2: outcome: got 'lost'; accepted: completed, failed, aborted or running."],
    [changed({ durationMs: -1 }), 'line 2: durationMs: got -1; accepted: milliseconds from 0.'],
    [changed({ durationMs: 1e300 }), 'line 2: durationMs: got 1e+300; accepted: milliseconds from 0.'],
    [changed({ code: 'toString' }), "line 2: code: got 'toString'; accepted: a code of docs/errors.md."],
    [changed({ attempts: [1] }), 'line 2: attempts: got an array; accepted: a list of at most 1000 attempts.'],
    [
      changed({ url: 'x'.repeat(3000) }),
      'line 2: url: got a string of 3000 characters; accepted: a text of at most 2000 characters.',
    ],
    [
      changed({ attempts: [{ ...CALL?.attempts[0], phase: 'lost' }] }),
      "line 2: attempts.0.phase: got 'lost'; accepted: preparing, connecting, sending, waiting, prelude or committed.",
    ],
    [changed({ usage: { inputTokens: 1.5 } }), 'line 2: usage.inputTokens: got 1.5; accepted: a whole number from 0.'],
  ])('refuses the line %.60s', (line, message) => {
    let thrown: unknown
    try {
      readCalls(`${LINE}\n${line}\n`)
    } catch (error) {
      thrown = error
    }
    expect(isResilientError(thrown, 'invalid_configuration')).toBe(true)
    expect((thrown as Error).message).toBe(message)
  })

  it('shows nothing of a file that is another one', () => {
    const secret = 'sk-planted-key-9f2c'
    for (const text of [secret, JSON.stringify({ key: secret }), changed({ outcome: secret })])
      expect(() => readCalls(text)).toThrow(expect.not.objectContaining({ message: expect.stringContaining(secret) }))
  })
})

it('a recorder writes its calls to a file that its owner alone can read', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'resilient-responses-calls-'))
  const file = path.join(folder, 'calls.jsonl')
  await writeFile(file, 'older', { mode: 0o644 })
  await recordCalls().write(file)
  expect(await readFile(file, 'utf8')).toBe('')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  await rm(folder, { recursive: true })
})
