import { type Baseline, kindOfRun, type NodeBaseline } from './baseline.ts'
import type { ContestantName } from './contract.ts'
import type { WorkloadName } from './measures.ts'
import { NAMES, TITLES } from './names.ts'

const PANELS: readonly WorkloadName[] = ['events_event', 'bytes_event', 'short_events', 'short_bytes']
const OURS: ReadonlySet<string> = new Set(['typed', 'drop_in', 'openai_on_ours', 'ai_on_ours'])
/** The Node to draw, if it was measured. */
const DRAWN = '24'

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

/** An SVG of the cost of an event and of a call for each client. */
export function drawChart(baseline: Baseline): string {
  const { nodes } = baseline
  const node = nodes[DRAWN] ?? Object.values(nodes)[0]
  if (node === undefined) throw new Error('nothing was measured')
  const parts: string[] = []
  let y = 8
  for (const name of PANELS) {
    parts.push(...drawPanel(name, node, y))
    y += TITLE + ROW * Object.keys(node.cpuUs[name] ?? {}).length + 10
  }
  const note = `Node ${node.version.slice(1)}, ${kindOfRun(baseline)}; less is better. npm run bench`
  parts.push(text(8, y + 12, note, 'opacity="0.7"'))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 24}" role="img" aria-label="CPU per event and per call">
<style>${STYLE}</style>
${parts.join('\n')}
</svg>
`
}

function drawPanel(name: WorkloadName, { cpuUs }: NodeBaseline, top: number): string[] {
  const bars = Object.entries(cpuUs[name] ?? {}) as Array<[ContestantName, number]>
  const most = Math.max(...bars.map(([, us]) => us))
  const unit = name.startsWith('short_') ? 'call' : 'event'
  return [
    text(8, top + 20, `${TITLES[name]}: CPU µs per ${unit}`, 'class="title"'),
    ...bars.flatMap(([contestant, us], index) => {
      const y = top + TITLE + ROW * index
      const length = Math.max(1, (us / most) * (WIDTH - LEFT - RIGHT))
      const kind = OURS.has(contestant) ? 'ours' : 'other'
      return [
        text(LEFT - 8, y + 13, NAMES[contestant], 'text-anchor="end"'),
        `<rect class="${kind}" x="${LEFT}" y="${y}" width="${length.toFixed(1)}" height="${BAR}" rx="3"/>`,
        text(LEFT + length + 6, y + 13, us < 10 ? us.toFixed(2) : us.toFixed(0)),
      ]
    }),
  ]
}

function text(x: number, at: number, content: string, attributes = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x.toFixed(1)}" y="${at}" ${attributes}>${escaped}</text>`
}
