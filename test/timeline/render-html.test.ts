import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { PAGE_CODE_FILE, pageCode } from '../../scripts/page-code.ts'
import { renderHtml } from '../../src/timeline/index.ts'
import { invalid } from '../support/typed.ts'
import { HOSTILE, hostileCall } from './hostile-call.ts'
import { madeCalls } from './made-calls.ts'

const part = (html: string, pattern: RegExp): string => pattern.exec(html)?.[1] ?? ''

describe('renderHtml', () => {
  it('makes one page whose policy allows its own script and style, and no request', () => {
    const html = renderHtml(madeCalls(3))
    const policy = part(html, /http-equiv="Content-Security-Policy" content="([^"]*)"/)
    const hash = (code: string) => `'sha256-${createHash('sha256').update(code).digest('base64')}'`
    expect(policy).toBe(
      [
        "default-src 'none'",
        `script-src ${hash(part(html, /<script>(.*?)<\/script>/s))}`,
        `style-src ${hash(part(html, /<style>(.*?)<\/style>/s))}`,
        "base-uri 'none'",
        "form-action 'none'",
      ].join('; '),
    )
    expect(html).not.toMatch(/\b(?:src|href|url)\s*[=(]/i)
  })

  it('holds hostile texts as data: none ends its element, and none is obeyed or unseen', () => {
    const html = renderHtml([hostileCall()], { title: HOSTILE })
    expect(html.match(/<script/g)).toHaveLength(2)
    expect(html.match(/<\/script/g)).toHaveLength(2)
    expect(html).not.toContain('<!--')
    for (const unseen of ['\u2028', '\u2029', '\u202e', '\0', '\ud800']) expect(html).not.toContain(unseen)
    expect(html).toContain('<h1>&lt;/script&gt;&lt;!--&lt;script&gt;alert(1)\ufffd')
    const data = JSON.parse(part(html, /id="data">(.*?)<\/script>/s)) as [{ label: string }]
    expect(data[0].label).toBe('</script><!--<script>alert(1)\ufffd\ufffd\ufffd\ufffd"\'&\ufffd')
  })

  it('tells of each call what `explain` tells', () => {
    const calls = madeCalls(400)
    const data = JSON.parse(part(renderHtml(calls), /id="data">(.*?)<\/script>/s)) as {
      text: string
      outcome: string
    }[]
    const failed = data.find(({ outcome }) => outcome === 'failed')
    expect(failed?.text).toMatch(
      /^attempt 1 at 0 ms: connected in 40 ms, .*\nattempt 2 .*\n(?:.*\n)*.*No further attempt: all retries are used/,
    )
  })

  it('takes no longer than linear time, and some 600 bytes a call', () => {
    const html = renderHtml(madeCalls(10_000))
    expect(html.length / 10_000).toBeLessThan(1000)
  })

  it('refuses a title that is no text', () => {
    expect(() => renderHtml([], { title: invalid(5) })).toThrow('title: got 5; accepted: a text.')
  })
})

it('the script and the style of the page are made of its sources: npm run page:update', async () => {
  expect(readFileSync(PAGE_CODE_FILE, 'utf8')).toBe(await pageCode())
})
