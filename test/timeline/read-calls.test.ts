import { lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isResilientError } from '../../src/index.ts'
import { type RecordedCall, readCalls, recordCalls, renderHtml } from '../../src/timeline/index.ts'
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

it('reads addresses without user, password, query and fragment, and a page shows none of them', () => {
  const addresses = [
    'https://user:planted-password@host.example/v1/responses?key=planted-query#planted-fragment',
    'planted-user:planted-password@host.example/v1?planted-query',
    'x://planted-user@host.example/v1#planted-fragment',
  ]
  for (const address of addresses) {
    const made = { ...(CALL as RecordedCall), url: address }
    const attempts = made.attempts.map((attempt) => ({ ...attempt, endpoint: address }))
    const [read] = readCalls(toJSONL([{ ...made, attempts }]))
    expect(read?.url).toMatch(/host\.example\/v1.*\?\[redacted\]$/)
    expect(JSON.stringify(read)).not.toContain('planted')
    expect(renderHtml([{ ...made, attempts }])).not.toContain('planted')
  }
})

describe('write() of a recorder', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'resilient-responses-calls-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('replaces a file that others could read by one that its owner alone can read', async () => {
    const file = path.join(folder, 'calls.jsonl')
    await writeFile(file, 'older', { mode: 0o644 })
    await recordCalls().write(file)
    expect(await readFile(file, 'utf8')).toBe('')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readdir(folder)).toEqual(['calls.jsonl'])
  })

  it('replaces a symbolic link, and leaves its target as it was', async () => {
    const [file, target] = [path.join(folder, 'calls.jsonl'), path.join(folder, 'target')]
    await writeFile(target, 'older', { mode: 0o644 })
    await symlink(target, file)
    await recordCalls().write(file)
    expect(await readFile(target, 'utf8')).toBe('older')
    expect((await lstat(file)).isFile()).toBe(true)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  })

  it('rejects with the error of the file system, and leaves no file', async () => {
    await expect(recordCalls().write(folder)).rejects.toMatchObject({ code: 'EISDIR' })
    await expect(recordCalls().write(path.join(folder, 'no', 'calls'))).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await readdir(folder)).toEqual([])
  })

  it('does not replace a device', async () => {
    const before = await stat('/dev/null')
    await recordCalls().write('/dev/null')
    const { ino, mode } = await stat('/dev/null')
    expect({ ino, mode }).toEqual({ ino: before.ino, mode: before.mode })
  })
})
