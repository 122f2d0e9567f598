/**
 * Draws a chart of what `npm run bench -- --json` measured:
 *
 *   npm run --silent bench -- --json > bench.json
 *   node bench/chart.ts bench.json > docs/bench.svg
 */
import { readFileSync } from 'node:fs'
import type { ContestantName, Measurement } from './contract.ts'
import { type Size, spreadOf, type WorkloadName, workloads } from './measures.ts'
import { NAMES, TITLES } from './report.ts'
import { EVENTS_AROUND } from './streams.ts'

interface BenchJson {
  readonly size: Size
  readonly results: ReadonlyArray<{
    readonly node: string
    readonly measures: Readonly<Record<WorkloadName, Readonly<Partial<Record<ContestantName, readonly Measurement[]>>>>>
  }>
}

const PANELS: readonly WorkloadName[] = ['events_event', 'bytes_event', 'short_events', 'short_bytes']
const OURS: ReadonlySet<string> = new Set(['typed', 'drop_in', 'openai_on_ours', 'ai_on_ours'])

const WIDTH = 760
const LEFT = 230
const RIGHT = 70
const BAR = 18
const ROW = 24
const TITLE = 34

const STYLE = `
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600 }
.ours { fill: #1a7f64 } .other { fill: #9aa4af }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .ours { fill: #3fb68e } .other { fill: #57606a } }
`

const { size, results } = JSON.parse(readFileSync(process.argv[2] ?? 0, 'utf8')) as BenchJson
const result = results.find(({ node }) => node.startsWith('v24.')) ?? results[0]
if (result === undefined) throw new Error('nothing was measured')

let y = 8
const parts: string[] = []
for (const name of PANELS) {
  const workload = workloads(size)[name]
  const isShort = workload.calls > 1
  const units = isShort ? workload.calls : workload.deltas + EVENTS_AROUND
  const bars = Object.entries(result.measures[name]).map(([contestant, list]) => ({
    contestant: contestant as ContestantName,
    us: spreadOf(list.map(({ cpuUs }) => cpuUs / units)).median,
  }))
  const most = Math.max(...bars.map(({ us }) => us))
  parts.push(text(8, y + 20, `${TITLES[name]}: CPU µs per ${isShort ? 'call' : 'event'}`, 'class="title"'))
  y += TITLE
  for (const { contestant, us } of bars) {
    const length = Math.max(1, (us / most) * (WIDTH - LEFT - RIGHT))
    const kind = OURS.has(contestant) ? 'ours' : 'other'
    parts.push(
      text(LEFT - 8, y + 13, NAMES[contestant], 'text-anchor="end"'),
      `<rect class="${kind}" x="${LEFT}" y="${y}" width="${length.toFixed(1)}" height="${BAR}" rx="3"/>`,
      text(LEFT + length + 6, y + 13, us < 10 ? us.toFixed(2) : us.toFixed(0)),
    )
    y += ROW
  }
  y += 10
}
parts.push(text(8, y + 12, `Node ${result.node.slice(1)}, medians; less is better. npm run bench`, 'opacity="0.7"'))

process.stdout.write(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 24}" role="img" aria-label="CPU per event and per call">
<style>${STYLE}</style>
${parts.join('\n')}
</svg>
`,
)

function text(x: number, at: number, content: string, attributes = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x.toFixed(1)}" y="${at}" ${attributes}>${escaped}</text>`
}
