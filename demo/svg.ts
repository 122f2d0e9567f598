import { type Activity, type Mark, marksOf, spansOfCall } from '../src/picture/activity.ts'
import type { CallResult } from './contestant.ts'
import type { Row } from './results.ts'
import { seconds } from './terminal.ts'

interface Look {
  readonly fill: string
  readonly label: string
}

/** In the order of the legend. */
const LOOKS: Readonly<Record<Activity | Mark['kind'], Look>> = {
  queue: { fill: '#d0d7de', label: 'queue' },
  connect: { fill: '#54aeff', label: 'connect' },
  wait: { fill: '#afb8c1', label: 'wait' },
  back_off: { fill: '#d4a72c', label: 'back off' },
  prelude: { fill: '#6e7781', label: 'prelude' },
  output: { fill: '#2da44e', label: 'output' },
  cut: { fill: '#cf222e', label: 'cut' },
  hedge: { fill: '#8250df', label: 'hedge' },
  aborted: { fill: '#cf222e', label: 'aborted' },
}

const ENDINGS = {
  succeeded: 'ok',
  cut_short: 'cut, taken for whole',
  failed: 'failed',
  unfinished: 'hangs',
} as const satisfies Record<CallResult['outcome'], string>

// Pixels.
const WIDTH = 860
const LEFT = 104
const RIGHT = 150
const ROW = 20
const BAR = 12
const MARK = 3
/** Of a span that is too short to be seen. */
const LEAST = 2

/** The results of calls as bars on one scale: a picture for a page, on light and on dark ground, without a script. */
export function drawSvg(rows: readonly Row[], caption: string): string {
  const longest = Math.max(1, ...rows.map(({ result }) => result.durationMs))
  const x = (at: number): number => LEFT + (at / longest) * (WIDTH - LEFT - RIGHT)
  const parts: string[] = []
  const used = new Set<string>()
  let y = 22
  for (const { name, heading, result } of rows) {
    if (heading !== undefined) {
      y += ROW + 10
      parts.push(text(12, y, heading, 'heading'))
    }
    y += ROW
    const signs = [
      ...spansOfCall(result.attempts, result.durationMs).map(({ activity, from, to }) => ({
        sign: activity,
        from,
        to,
      })),
      ...marksOf(result.attempts).map(({ kind, at, why }) => ({ sign: kind, from: at, to: undefined, why })),
    ]
    for (const { sign } of signs) used.add(sign)
    parts.push(text(12, y, name), ...signs.map((each) => drawSign(each, x, y)), ending(result, x, y))
  }
  y += ROW + 16
  return page(y + 14, caption, [ruler(longest, x, y - ROW - 8), ...parts, legend(used, y)])
}

interface Sign {
  readonly sign: keyof typeof LOOKS
  readonly from: number
  /** `undefined`: an instant. */
  readonly to: number | undefined
  readonly why?: string | undefined
}

function drawSign({ sign, from, to, why }: Sign, x: (at: number) => number, y: number): string {
  const { fill, label } = LOOKS[sign]
  if (to === undefined) {
    const title = why === undefined ? label : `${label}: ${why}`
    return rectangle({ x: x(from) - MARK / 2, y: y - BAR - 2, width: MARK, height: BAR + 6, fill, title })
  }
  const width = Math.max(LEAST, x(to) - x(from))
  return rectangle({ x: x(from), y: y - BAR + 1, width, height: BAR, fill, title: `${label}, ${seconds(to - from)}` })
}

function ending({ outcome, durationMs }: CallResult, x: (at: number) => number, y: number): string {
  const kind = outcome === 'succeeded' ? 'good' : 'bad'
  return text(x(durationMs) + 6, y, `${ENDINGS[outcome]}, ${seconds(durationMs)}`, kind)
}

/** Lines at round numbers of seconds. */
function ruler(longestMs: number, x: (at: number) => number, bottom: number): string {
  const step =
    [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 300].find((nice) => longestMs / 1000 / nice <= 7) ?? 600
  const lines: string[] = []
  for (let at = 0; at * 1000 <= longestMs; at += step) {
    const column = rounded(x(at * 1000))
    lines.push(`<path class="rule" d="M${column} 22V${rounded(bottom)}"/>`)
    lines.push(text(column - 4, 16, `${Number(at.toFixed(1))} s`, 'quiet'))
  }
  return lines.join('\n')
}

function legend(used: ReadonlySet<string>, y: number): string {
  let x = LEFT
  const parts: string[] = []
  for (const [sign, { fill, label }] of Object.entries(LOOKS)) {
    if (!used.has(sign)) continue
    parts.push(rectangle({ x, y: y - BAR + 2, width: BAR, height: BAR, fill, title: label }))
    parts.push(text(x + BAR + 5, y, label, 'quiet'))
    x += BAR + 26 + 7 * label.length
  }
  return parts.join('\n')
}

interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly fill: string
  readonly title: string
}

function rectangle({ x, y, width, height, fill, title }: Rectangle): string {
  const place = `x="${rounded(x)}" y="${rounded(y)}" width="${rounded(width)}" height="${height}"`
  return `<rect ${place} fill="${fill}"><title>${escaped(title)}</title></rect>`
}

function text(x: number, y: number, content: string, kind = 'name'): string {
  return `<text class="${kind}" x="${rounded(x)}" y="${rounded(y)}">${escaped(content)}</text>`
}

function page(height: number, caption: string, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(caption)}">
<style>
text { font: 12px ui-sans-serif, system-ui, sans-serif; fill: #1f2328 }
.heading { font-weight: 600 }
.quiet { fill: #59636e }
.good { fill: #1a7f37 }
.bad { fill: #cf222e }
.rule { stroke: #d0d7de; fill: none }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.quiet { fill: #9198a1 }
.good { fill: #3fb950 }
.bad { fill: #ff7b72 }
.rule { stroke: #3d444d }
}
</style>
${parts.join('\n')}
</svg>
`
}

/** Whole pixels: a tenth of one is not seen. */
const rounded = (value: number): number => Math.round(value)

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
