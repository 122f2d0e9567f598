import type { Percentiles } from '../timeline/figures.ts'
import { duration } from '../timeline/statistics.ts'
import { wrapped } from './help.ts'
import type { Advice } from './probe-advice.ts'
import type { CallsFigures, ProbeFigures } from './probe-figures.ts'

const COLUMNS = 80
const NAME = 24
const CELL = 10

type Bold = (text: string) => string

/** The result of `probe` for a person, in 80 columns. */
export function probeText(figures: ProbeFigures, advice: readonly Advice[], bold: Bold): string {
  const { connections, http, webSocket, baseURL, model } = figures
  const lines = [
    ...paragraph(`${baseURL}, model ${model}${figures.stopped ? ' (stopped early)' : ''}`),
    '',
    bold(`${''.padEnd(NAME)}${['p50', 'p95', 'max'].map((name) => name.padStart(CELL)).join('')}`),
    ...section('connections', `${connections.opened} opened`, bold),
    row('DNS', connections.dnsMs),
    row('connect', connections.connectMs),
    ...(connections.tlsMs.max === undefined ? [] : [row('TLS', connections.tlsMs)]),
    ...connections.failed.slice(0, 3).map(({ step, code }) => `  failed at ${step}: ${code}`),
    ...callLines('calls over HTTP', http, figures, bold),
    ...(webSocket === undefined ? [] : callLines('calls over WebSocket', webSocket, figures, bold)),
    '',
    ...adviceLines(figures, advice, bold),
  ]
  return `${lines.join('\n')}\n`
}

function callLines(name: string, figures: CallsFigures, { waitMs }: ProbeFigures, bold: Bold): string[] {
  const { calls, answered, dead, failed, fellBack, failures } = figures
  const counts = [
    `${answered} of ${calls} answered`,
    ...(dead > 0 ? [`${dead} dead: no event within ${duration(waitMs)}`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ]
  if (fellBack > 0 && fellBack === calls) return section(name, 'the endpoint does not upgrade to WebSocket', bold)
  return [
    ...section(name, counts.join(', '), bold),
    row('first event', figures.firstEventMs),
    row('longest pause', figures.longestPauseMs),
    row('whole call', figures.totalMs),
    ...failures.slice(0, 5).flatMap(({ what, times }) => paragraph(`${times} × ${what}`, '  ')),
  ]
}

function section(name: string, note: string, bold: Bold): string[] {
  const [first = '', ...rest] = wrapped(note, COLUMNS - name.length - 2)
  return ['', `${bold(name)}  ${first}`, ...rest.map((line) => `${' '.repeat(name.length + 2)}${line}`)]
}

function row(name: string, { p50, p95, max }: Percentiles): string {
  const cells = [p50, p95, max].map((ms) => (ms === undefined ? '–' : duration(ms)).padStart(CELL))
  return `  ${name}`.padEnd(NAME) + cells.join('')
}

function adviceLines({ all }: ProbeFigures, advice: readonly Advice[], bold: Bold): string[] {
  if (all.calls === 0) return ['No call ended: nothing is known.']
  if (all.answered === 0) return ['No call was answered: nothing is known of how the endpoint answers.']
  if (advice.length === 0) return paragraph(nothingToChange(all))
  return advice.flatMap(({ option, value, why }, index) => [
    ...(index > 0 ? [''] : []),
    bold(`${option}: ${value}`),
    ...paragraph(why, '  '),
  ])
}

function nothingToChange({ dead, calls }: CallsFigures): string {
  const one = ` ${dead} of ${calls} calls got no event; hedge: 'auto', the default, is made for that. More calls would tell: --calls 100.`
  return `Nothing to change: the defaults fit.${dead > 0 ? one : ''}`
}

function paragraph(text: string, indent = ''): string[] {
  return wrapped(text, COLUMNS - indent.length).map((line) => indent + line)
}
