/**
 * Prints how long the package takes to start, compared with another build of it: `node scripts/start-times.ts
 * path/to/another/dist/index.js`. Run `npm run build` first.
 */
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { startTimes } from './import-time.ts'

const root = path.resolve(import.meta.dirname, '..')
const [other] = process.argv.slice(2)
const entries = [path.join(root, 'dist/index.js'), ...(other === undefined ? [] : [path.resolve(other)])]
const [own, before] = await startTimes(
  root,
  entries.map((entry) => pathToFileURL(entry).href),
)
if (own === undefined) throw new Error('nothing was measured')
const rows = [
  ['import', 'importMs'],
  ['import and first client', 'clientMs'],
  ['CPU until the first typed event', 'firstEventMs'],
  ['the same, with a listener', 'firstEventReportMs'],
  ["the same, with validate: 'strict'", 'firstEventStrictMs'],
] as const
for (const [label, name] of rows) {
  const beside = before && `, ${(own[name] / before[name]).toFixed(2)} × the other (${before[name].toFixed(1)} ms)`
  console.log(`${label.padEnd(36)}${own[name].toFixed(1)} ms${beside ?? ''}`)
}
