import type { PageCall } from '../page-data.ts'
import { ascending, duration, histogram, percentile } from '../statistics.ts'
import { byId, element, grouped, percent } from './dom.ts'

const SHARES = [
  ['p50', 0.5],
  ['p95', 0.95],
  ['p99', 0.99],
] as const

/** Counts, percentiles and the histogram of the shown calls. */
export function showSummary(calls: readonly PageCall[]): void {
  const firsts = ascending(calls.flatMap(({ first }) => first ?? []))
  const durations = ascending(calls.filter(({ outcome }) => outcome !== 'running').map(({ ms }) => ms))
  byId('summary').replaceChildren(figures(calls), times(firsts, durations), chart(firsts))
}

function figures(calls: readonly PageCall[]): HTMLElement {
  const count = (test: (call: PageCall) => boolean): number => calls.filter(test).length
  const share = (part: number): string => (calls.length === 0 ? '–' : percent(part, calls.length))
  const completed = count(({ outcome }) => outcome === 'completed')
  const failed = count(({ outcome }) => outcome === 'failed')
  const retried = count(({ attempts, hedges }) => attempts - hedges > 1)
  const hedged = count(({ hedges }) => hedges > 0)
  const list = element('dl', 'figures')
  const rows: ReadonlyArray<readonly [string, string, string]> = [
    ['completed', grouped(completed), share(completed)],
    ['failed', grouped(failed), share(failed)],
    ['retried', grouped(retried), share(retried)],
    ['hedged', grouped(hedged), share(hedged)],
  ]
  for (const [name, value, note] of rows)
    list.append(
      element(
        'div',
        value === '0' ? 'none' : name,
        element('dt', '', name),
        element('dd', '', value, element('small', '', note)),
      ),
    )
  return list
}

function times(firsts: readonly number[], durations: readonly number[]): HTMLElement {
  const at = (sorted: readonly number[], share: number): string => {
    const value = percentile(sorted, share)
    return value === undefined ? '–' : duration(value)
  }
  const head = element(
    'tr',
    '',
    element('td'),
    ...[...SHARES.map(([name]) => name), 'max'].map((name) => header(name, 'col')),
  )
  const row = (name: string, sorted: readonly number[]): HTMLElement =>
    element(
      'tr',
      '',
      header(name, 'row'),
      ...[...SHARES.map(([, share]) => share), 1].map((share) => element('td', '', at(sorted, share))),
    )
  return element('table', 'times', head, row('first event', firsts), row('whole call', durations))
}

function header(text: string, scope: 'col' | 'row'): HTMLElement {
  const cell = element('th', '', text)
  cell.scope = scope
  return cell
}

/** The first events, in bins that grow by the same factor, with the percentiles as lines. */
function chart(firsts: readonly number[]): HTMLElement {
  const bins = histogram(firsts)
  const caption = element('figcaption', '', 'first events')
  if (bins.length === 0) return element('figure', 'chart', caption, element('p', 'none', 'No call has a first event.'))
  const from = (bins[0] as (typeof bins)[0]).from
  const to = (bins.at(-1) as (typeof bins)[0]).to
  const place = (ms: number): number =>
    ((Math.log(Math.max(ms, from)) - Math.log(from)) / (Math.log(to) - Math.log(from))) * 100
  const highest = Math.max(...bins.map(({ count }) => count))
  const columns = bins.map(({ from: low, to: high, count }) => {
    const column = element('div', count === 0 ? 'column empty' : 'column')
    column.style.height = `${(count / highest) * 100}%`
    column.title = `${duration(low)} to ${duration(high)}: ${grouped(count)} ${count === 1 ? 'call' : 'calls'}`
    return column
  })
  const plot = element('div', 'plot', ...columns)
  plot.setAttribute('role', 'img')
  const told = SHARES.map(([name, share]) => `${name} ${duration(percentile(firsts, share) ?? 0)}`).join(', ')
  plot.setAttribute('aria-label', `Histogram of ${grouped(firsts.length)} first events: ${told}`)
  plot.append(...lines((share) => place(percentile(firsts, share) ?? from)))
  const scale = element('div', 'scale')
  for (const tick of ticks(from, to)) {
    const mark = element('span', '', duration(tick))
    mark.style.left = `${place(tick)}%`
    scale.append(mark)
  }
  return element('figure', 'chart', caption, plot, scale)
}

/** Nearer than this, in percent of the width, two names would cover each other. */
const TOO_NEAR = 13
const NEAR_THE_END = 92

/** A line for each percentile. Lines that are close together have one name. */
function lines(place: (share: number) => number): HTMLElement[] {
  let names = ''
  return SHARES.map(([name, share], index) => {
    const left = place(share)
    const next = SHARES[index + 1]
    names = names === '' ? name : `${names}, ${name}`
    const isShared = next !== undefined && place(next[1]) - left < TOO_NEAR
    const line = element('div', left > NEAR_THE_END ? 'line late' : 'line', element('span', '', isShared ? '' : names))
    if (!isShared) names = ''
    line.style.left = `${left}%`
    return line
  })
}

/** 1, 2 and 5 of each decade, or the decades alone where there are many. */
function ticks(from: number, to: number): number[] {
  const steps = Math.log10(to / from) > 2 ? [1] : [1, 2, 5]
  const found: number[] = []
  for (let decade = 10 ** Math.floor(Math.log10(from)); decade < to; decade *= 10)
    for (const step of steps)
      if (decade * step >= from * 0.999 && decade * step <= to * 1.001) found.push(decade * step)
  return found
}
