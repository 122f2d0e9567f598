import { readFileSync, writeFileSync } from 'node:fs'
import { BASELINE, type Baseline } from './baseline.ts'
import { drawChart } from './chart.ts'
import { drawTable } from './table.ts'

export const CHART = new URL('../docs/bench.svg', import.meta.url)
export const PAGE = new URL('../docs/speed.md', import.meta.url)

const BEGIN = '<!-- benchmark: written by npm run bench -- --publish -->\n'
const END = '\n<!-- end of benchmark -->'

/** Stores a run, and draws the chart and the table of docs/speed.md from it. */
export function publish(baseline: Baseline): void {
  writeFileSync(BASELINE, `${JSON.stringify(baseline, undefined, 2)}\n`)
  draw(baseline)
}

export function draw(baseline: Baseline): void {
  writeFileSync(CHART, drawChart(baseline))
  writeFileSync(PAGE, withTable(readFileSync(PAGE, 'utf8'), drawTable(baseline)))
}

/** @throws when the page has no place for a table. */
export function withTable(page: string, table: string): string {
  const from = page.indexOf(BEGIN)
  const to = page.indexOf(END, from)
  if (from === -1 || to === -1) throw new Error(`the page lacks the markers ${BEGIN.trim()} and ${END.trim()}`)
  return page.slice(0, from + BEGIN.length) + table + page.slice(to)
}
