import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { pagesOfRepository } from './pages.ts'

const root = path.resolve(import.meta.dirname, '../..')
const WIDTH = 100

/** Written by tests and measurements, one sentence a cell; and the map for those who change the code. */
const WIDE = ['docs/errors.md', 'docs/fetch.md', 'docs/sdks.md', 'docs/sidecar.md', 'docs/speed.md', 'ARCHITECTURE.md']

/** A cell as a reader sees it. */
function rendered(cell: string): string {
  return cell
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll('**', '')
    .replaceAll('\\|', '|')
}

/** The columns that a table takes, with its borders. */
function widthOf(lines: readonly string[]): number {
  const rows = lines.filter((line) => !/^\|[ |:-]+$/.test(line)).map((line) => line.split(/(?<!\\)\|/).slice(1, -1))
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => rendered(row[at]?.trim() ?? '').length))) ?? []
  return widths.reduce((sum, width) => sum + width + 3, 1)
}

it.each(pagesOfRepository().filter((page) => !WIDE.includes(page)))('the tables of %s fit 100 columns', (page) => {
  const text = readFileSync(path.join(root, page), 'utf8')
  const wide = [...text.matchAll(/(?:^\|.*\n)+/gm)].flatMap(({ 0: table, index }) => {
    const width = widthOf(table.trimEnd().split('\n'))
    return width > WIDTH ? [`${page}:${text.slice(0, index).split('\n').length}: ${width} columns`] : []
  })
  expect(wide).toEqual([])
})
