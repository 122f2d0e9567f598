import { linkSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toJSONL } from '../../src/timeline/jsonl.ts'
import { renderHtml } from '../../src/timeline/render-html.ts'
import { madeCalls } from '../timeline/made-calls.ts'
import { written } from './written.ts'

let folder: string
let file: string
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'resilient-responses-report-'))
  file = path.join(folder, 'calls.jsonl')
  writeFileSync(file, toJSONL(madeCalls(200)))
})
afterAll(() => rmSync(folder, { recursive: true }))

const report = (...args: string[]) => written('report', ...args)

describe('resilient-responses report', () => {
  it('writes a page beside the calls, or where it is told to', async () => {
    expect(await report(file)).toEqual({ code: 0, out: '', err: `${path.join(folder, 'calls.html')}: 200 calls\n` })
    expect(readFileSync(path.join(folder, 'calls.html'), 'utf8')).toContain('<h1>calls</h1>')
    const other = path.join(folder, 'other.html')
    expect((await report(file, '-o', other, '--title', 'Monday <1>')).code).toBe(0)
    expect(readFileSync(other, 'utf8')).toContain('<h1>Monday &lt;1&gt;</h1>')
    expect((await report(file, '-o', '-')).out).toMatch(/^<!doctype html>/)
  })

  it('prints the calls as text', async () => {
    const { code, out } = await report(file, '--text', '--columns', '60')
    expect(code).toBe(0)
    expect(out).toMatch(/^ {2}call 9 .*█.*✓ ok/m)
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(60)
  })

  it('prints counts and percentiles as JSON', async () => {
    const calls = madeCalls(200)
    const { out } = await report(file, '--json')
    const figures = JSON.parse(out) as { outcomes: Record<string, number>; firstEventMs: Record<string, number> }
    expect(figures).toMatchObject({
      calls: 200,
      outcomes: { running: 0 },
      failures: { ttfb_timeout: expect.any(Number) },
    })
    expect(figures.outcomes.failed).toBe(calls.filter(({ outcome }) => outcome === 'failed').length)
    const firsts = calls.flatMap(({ firstEventMs }) => firstEventMs ?? []).sort((a, b) => a - b)
    expect(figures.firstEventMs.p50).toBe(firsts[Math.ceil(firsts.length / 2) - 1])
    expect(figures.firstEventMs.max).toBe(firsts.at(-1))
  })

  it('says that it has replaced an earlier page', async () => {
    const page = `${file}.again.html`
    expect((await report(file, '-o', page)).err).not.toContain('replaced')
    expect((await report(file, '-o', page)).err).toMatch(/calls \(an earlier file was replaced\)$/m)
  })

  it('replaces a file that it has not written only with --force', async () => {
    const page = path.join(folder, 'mine.html')
    writeFileSync(page, renderHtml(madeCalls(1)))
    const before = readFileSync(page, 'utf8')
    const { code, err } = await report(file, '-o', page)
    expect([code, err]).toEqual([
      2,
      expect.stringMatching(/mine\.html exists, and `report` has not written it\. .*--force/),
    ])
    expect(readFileSync(page, 'utf8')).toBe(before)
    expect((await report(file, '-o', page, '--force')).code).toBe(0)
    expect((await report(file, '-o', page)).code).toBe(0)
  })

  it.each<[(name: string) => string[], RegExp]>([
    [() => [], /report: accepted: one file of calls, or -\.$/m],
    [(name) => [name, name], /report: accepted: one file/],
    [() => ['/no/such.jsonl'], /\/no\/such\.jsonl cannot be read \(ENOENT\)\.$/m],
    [(name) => [name, '-o', name], /--output: .* is the file of the calls\.$/m],
    [(name) => [name, '-o', '/no/such/folder/x.html'], /--output: .* cannot be written \(ENOENT\)\.$/m],
    [(name) => [name, '--text', '--columns', '7'], /--columns: accepted: a whole number from 40 to 400\.$/m],
    [(name) => [name, '--text', '--json'], /--text or --json, not both\.$/m],
    [(name) => [name, '--pdf'], /Unknown option '--pdf'/],
  ])('refuses a wrong command with 2: %s', async (args, message) => {
    const { code, out, err } = await report(...args(file))
    expect(err).toMatch(message)
    expect({ code, out }).toEqual({ code: 2, out: '' })
  })

  it.each([
    ['symbolic', symlinkSync],
    ['hard', linkSync],
  ])('does not replace the file of the calls through a %s link', async (kind, link) => {
    const name = path.join(folder, `${kind}.html`)
    link(file, name)
    const before = readFileSync(file, 'utf8')
    const { code, err } = await report(file, '-o', name)
    expect(err).toMatch(/--output: .* is the file of the calls\.$/m)
    expect(code).toBe(2)
    expect(readFileSync(file, 'utf8')).toBe(before)
  })

  it('names the line of a file that holds something else', async () => {
    const wrong = path.join(folder, 'wrong.jsonl')
    writeFileSync(wrong, `${toJSONL(madeCalls(1))}{"version":1}\n`)
    const { code, err } = await report(wrong)
    expect(err).toBe(`resilient-responses: ${wrong}, line 2: callId: got undefined; accepted: a whole number from 0.\n`)
    expect(code).toBe(2)
  })

  it('has a help within 80 columns', async () => {
    const { code, out } = await report('--help')
    expect(code).toBe(0)
    for (const line of out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
  })
})
