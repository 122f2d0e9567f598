import { createHash } from 'node:crypto'

const STYLE = `
:root { color-scheme: light dark; --line: #d9dce1; --dim: #5c6470; --bg: #ffffff; --card: #f5f6f8; --ink: #14171c; --ok: #1a7f37; --bad: #c0342b; --wait: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --line: #30353d; --dim: #98a1ae; --bg: #0f1216; --card: #181c22; --ink: #e7eaee; --ok: #4cc38a; --bad: #ff7b72; --wait: #e3b341; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--ink); font: 14px/1.45 system-ui, sans-serif; }
main { max-width: 1360px; margin: 0 auto; padding: 20px 24px 40px; }
header { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: baseline; }
h1 { font-size: 18px; margin: 0; }
h2 { font-size: 15px; margin: 28px 0 8px; }
#state { color: var(--dim); }
#state.lost { color: var(--bad); }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 8px; margin: 16px 0 0; }
dl div { background: var(--card); border-radius: 8px; padding: 8px 12px; }
dt { color: var(--dim); font-size: 12px; }
dd { margin: 0; font-size: 20px; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { text-align: left; color: var(--dim); font-weight: 500; font-size: 12px; }
th, td { padding: 5px 10px 5px 0; border-bottom: 1px solid var(--line); white-space: nowrap; max-width: 320px; overflow: hidden; text-overflow: ellipsis; }
td.n, th.n { text-align: right; }
.completed { color: var(--ok); } .interrupted, .refused, .error { color: var(--bad); } .left, .waits { color: var(--wait); }
.none { color: var(--dim); }
iframe { width: 100%; height: 720px; border: 1px solid var(--line); border-radius: 8px; background: var(--bg); }
@media (max-width: 700px) { main { padding: 14px 14px 32px; } dl { grid-template-columns: repeat(3, 1fr); } dd { font-size: 16px; } .far { display: none; } th, td { padding-right: 8px; max-width: 120px; } iframe { height: 560px; } }
`

const SCRIPT = `
const $ = (id) => document.getElementById(id)
const text = (value) => (value === undefined || value === null ? '' : String(value))
const size = (bytes) => (bytes < 1024 ? bytes + ' B' : bytes < 1048576 ? (bytes / 1024).toFixed(1) + ' KB' : (bytes / 1048576).toFixed(1) + ' MB')
const time = (ms) => (ms === undefined ? '' : ms < 1000 ? Math.round(ms) + ' ms' : ms < 60000 ? (ms / 1000).toFixed(1) + ' s' : Math.floor(ms / 60000) + ' min ' + Math.round((ms % 60000) / 1000) + ' s')
const FIGURES = [['calls', 'under way'], ['ended', 'ended'], ['clients', 'connections'], ['sockets', 'WebSockets'], ['connections', 'to the upstream'], ['bufferedBytes', 'bodies held', size]]
const COLUMNS = [
  ['id', 'n', (c) => text(c.id)],
  ['state', '', (c) => c.outcome === undefined ? (c.firstByteMs === undefined ? 'waits' : 'streams') : c.outcome === 'completed' && c.status >= 400 ? 'error' : c.outcome],
  ['status', 'n far', (c) => text(c.status)],
  ['model', '', (c) => text(c.model)],
  ['path', 'far', (c) => c.method + ' ' + c.path],
  ['code', '', (c) => text(c.code)],
  ['requests', 'n far', (c) => text(c.attempts)],
  ['first byte', 'n far', (c) => time(c.firstByteMs)],
  ['time', 'n', (c) => time(c.ms)],
  ['bytes', 'n far', (c) => size(c.bytes)],
]
const cell = (name, value, kind) => { const made = document.createElement(name); made.textContent = value; made.className = kind; if (name === 'td') made.title = value; return made }
function table(id, calls, none) {
  const place = $(id)
  if (calls.length === 0) { place.replaceChildren(cell('p', none, 'none')); return }
  const made = document.createElement('table')
  const head = made.createTHead().insertRow()
  for (const [name, kind] of COLUMNS) { const th = cell('th', name, kind); th.scope = 'col'; head.append(th) }
  const body = made.createTBody()
  for (const call of calls) {
    const row = body.insertRow()
    for (const [name, kind, of] of COLUMNS) { const value = of(call); row.append(cell('td', value, kind + (name === 'state' ? ' ' + value : ''))) }
  }
  place.replaceChildren(made)
}
let ended = -1
function show({ stats, underWay, ended: latest }) {
  $('figures').replaceChildren(...FIGURES.map(([key, name, shown = text]) => { const one = document.createElement('div'); one.append(cell('dt', name, ''), cell('dd', shown(stats[key]), '')); return one }))
  table('under-way', underWay, 'No call is under way.')
  table('ended', latest, 'No call has ended yet.')
  const isFirst = ended === -1
  ended = stats.ended
  if (isFirst) renew()
}
let shown = -1
function renew() {
  const frame = $('timeline')
  const isInUse = frame.matches(':hover') || document.activeElement === frame
  if (ended !== shown && !(isInUse && shown !== -1)) { shown = ended; frame.src = '/_live/timeline?' + ended }
}
setInterval(renew, 5000)
const source = new EventSource('/_live/events')
source.onmessage = ({ data }) => { show(JSON.parse(data)); $('state').textContent = 'live'; $('state').className = '' }
source.onerror = () => { $('state').textContent = 'not connected; trying again'; $('state').className = 'lost' }
`

export const LIVE_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>resilient-responses</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<header><h1>resilient-responses</h1><span id="state" role="status">connecting</span></header>
<dl id="figures" aria-label="now"></dl>
<h2>Under way</h2>
<div class="wide" id="under-way"></div>
<h2>Ended</h2>
<div class="wide" id="ended"></div>
<h2>Timeline</h2>
<p class="none">The latest 500 calls to the upstream. Renewed every 5 s, but not while the pointer is on it.</p>
<iframe id="timeline" title="Timeline of the latest calls" sandbox="allow-scripts"></iframe>
</main>
<script>${SCRIPT}</script>
</body>
</html>
`

/** What the page may do: run what stands in it, and ask this sidecar. Nothing else, and in no page of others. */
export const LIVE_PAGE_CSP = [
  "default-src 'none'",
  `script-src ${hashOf(SCRIPT)}`,
  `style-src ${hashOf(STYLE)}`,
  'img-src data:',
  "connect-src 'self'",
  "frame-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

/** The timeline says itself what it may do. Beside that it stands in the page above alone, and is a stranger to it. */
export const TIMELINE_CSP = "frame-ancestors 'self'; sandbox allow-scripts"

function hashOf(code: string): string {
  return `'sha256-${createHash('sha256').update(code).digest('base64')}'`
}
