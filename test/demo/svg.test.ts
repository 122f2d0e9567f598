import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { drawSvg } from '../../demo/svg.ts'

const attempt = {
  outcome: 'failed',
  phase: 'waiting',
  code: 'ttfb_timeout',
  startedAtMs: 0,
  connectedAtMs: 1000,
  endedAtMs: 46_000,
  deadline: { ms: 45_000 },
} as const
const answered = {
  outcome: 'committed',
  phase: 'committed',
  startedAtMs: 47_000,
  connectedAtMs: 48_000,
  firstEventAtMs: 50_000,
  committedAtMs: 50_000,
  endedAtMs: 60_000,
  hedge: {},
} as const

const result = {
  call: 1,
  outcome: 'succeeded',
  hung: false,
  error: undefined,
  attempts: [attempt, answered],
  durationMs: 60_000,
} as const

it('draws spans, cuts and hedges to scale, with what they are, and a legend of what is used', () => {
  const svg = drawSvg([{ name: 'ours', heading: 'call 1  meets: <silence>', result }], 'A "picture"')
  expect(svg).toContain('aria-label="A &quot;picture&quot;"')
  expect(svg).toContain('call 1  meets: &lt;silence&gt;')
  const titles = [...svg.matchAll(/<title>(.*?)<\/title>/g)].map(([, title]) => title)
  expect(titles.slice(0, 5)).toEqual([
    'connect, 1.0 s',
    'wait, 45.0 s',
    'back off, 1.0 s',
    'connect, 1.0 s',
    'wait, 2.0 s',
  ])
  expect(titles).toEqual(expect.arrayContaining(['output, 10.0 s', 'cut: ttfb_timeout 45 s', 'hedge']))
  expect(svg).toContain('>ok, 60.0 s</text>')
  const legend = [...svg.matchAll(/<text class="quiet"[^>]*>([a-z ]+)<\/text>/g)].map(([, word]) => word)
  expect(legend).toEqual(['connect', 'wait', 'back off', 'output', 'cut', 'hedge'])
  const [, wait = '0'] = /width="([\d.]+)" height="12"[^>]*><title>wait, 45\.0 s/.exec(svg) ?? []
  const [, output = '0'] = /width="([\d.]+)" height="12"[^>]*><title>output, 10\.0 s/.exec(svg) ?? []
  expect(Number(wait) / Number(output)).toBeCloseTo(4.5, 1)
})

it('the picture of the README is one that the demo has drawn, without a script and without an address', () => {
  const svg = readFileSync(new URL('../../docs/demo.svg', import.meta.url), 'utf8')
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 860 \d+"/)
  expect(svg).toMatch(/ours\+hedge/)
  expect(svg).not.toMatch(/<script|href|url\(|https:/)
})
