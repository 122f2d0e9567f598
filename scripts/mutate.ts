/**
 * `npm run mutate -- --folder retry`: mutation testing of one part with its own tests. Without `--folder`: of all parts.
 * `--file turn`: only its files with names that begin so; `--file call.ts`: only that file. For parts that take
 * hours.
 * `--tests test/call/slot.test.ts`: only with these test files or folders, separated by commas. Takes minutes and gives a lower bound,
 * because all tests notice at least what some of them notice.
 * `--quick`: only with the quick tests of a part: a lower bound, too.
 * `--share 20`: only 20 % of the mutants, always the same ones. Judges a part of thousands of mutants in minutes; the spread of the
 * score is told.
 * `--force` tries every mutant again, also those with unchanged code and tests. Needed for a final score: which tests
 * cover code that runs at import, such as a table, is not known. Survivors are listed by place, and explained in
 * `test/mutation/survivors.md`.
 */
import { globSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { MutantResult } from '@stryker-mutator/api/core'
import { Stryker } from '@stryker-mutator/core'
import { nameOf } from './mutation-share.ts'

/** A folder of the source, or some of its files. */
interface Part {
  /** Patterns of files. Those that begin with `!` are left out. */
  readonly files: readonly string[]
  /** The tests that judge each mutant: folders, or patterns of files. */
  readonly tests: readonly string[]
  /** Slower tests. They judge the mutants that no test of `tests` notices. */
  readonly slow?: readonly string[]
}

/** The files of `call` that send attempts over WebSockets. */
const ON_SOCKETS = ['of-socket', 'on-sockets', 'socket-*'].map((name) => `src/call/${name}.ts`)

/** The tests of `undici` that need no sockets, or few. */
const UNITS_OF_UNDICI = [
  'connection',
  'connector',
  'exchange',
  'interim',
  'options',
  'pool',
  'proxy',
  'raw-headers',
  'request',
  'response-body',
  'response-head',
  'undici-transport',
  'wire',
] as const

/** `test/mutation` simulates a few worlds. */
const PARTS = {
  retry: { files: ['src/retry/**/*.ts'], tests: ['test/retry'] },
  watchdog: { files: ['src/watchdog/**/*.ts'], tests: ['test/watchdog'] },
  cache: { files: ['src/cache/**/*.ts'], tests: ['test/cache', 'test/field/client-cache-callbacks.test.ts'] },
  call: {
    files: ['src/call/**/*.ts', ...ON_SOCKETS.map((pattern) => `!${pattern}`)],
    tests: ['test/call'],
    slow: ['test/client', 'test/responses', 'test/telemetry', 'test/faults/over-fakes.test.ts', 'test/mutation'],
  },
  'call-sockets': {
    files: ON_SOCKETS,
    tests: ['test/call/on-sockets.test.ts', 'test/call/socket-*.test.ts'],
    slow: ['test/client/websocket', 'test/mutation'],
  },
  undici: {
    files: ['src/transport/undici/**/*.ts'],
    tests: UNITS_OF_UNDICI.map((name) => `test/transport/undici/${name}.test.ts`),
    slow: ['test/transport', 'test/mutation'],
  },
} as const satisfies Record<string, Part>

/** Per cent of the mutants that the tests must notice. */
const WANTED = 90

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    file: { type: 'string' },
    tests: { type: 'string' },
    share: { type: 'string', default: '100' },
    quick: { type: 'boolean', default: false },
    force: { type: 'boolean', default: false },
  },
})
const share = Number(values.share)
if (!(share >= 1 && share <= 100)) throw new Error(`--share ${values.share}: accepted: 1 to 100, per cent`)
process.env.MUTATE_SHARE = values.share
const names = Object.keys(PARTS) as Array<keyof typeof PARTS>
const wanted = values.folder === undefined ? names : names.filter((name) => name === values.folder)
if (wanted.length === 0) throw new Error(`--folder ${values.folder}: accepted: ${names.join(', ')}`)

const scores: string[] = []
for (const name of wanted) {
  const score = await mutate(name)
  scores.push(`${name.padEnd(10)} ${score.toFixed(1)} %${score < WANTED ? `, less than ${WANTED} %` : ''}`)
  if (score < WANTED) process.exitCode = 1
}
console.log(scores.join('\n'))

async function mutate(name: keyof typeof PARTS): Promise<number> {
  const { files, tests, slow = [] }: Part = PARTS[name]
  const isQuick = values.quick || values.tests !== undefined || slow.length === 0
  const part = [values.file, values.tests, share === 100 ? undefined : `share ${share}`]
    .filter((one) => one !== undefined)
    .map((one) => one.replace(/\W+/g, '_'))
  const report = `reports/mutation/${[name, ...part].join('-')}`
  const first = await judge({ files: filesOf(files), tests: values.tests?.split(',') ?? tests, report })
  const noticed = first.filter(isNoticed)
  let survivors = first.filter(isSurvivor)
  if (!isQuick && survivors.length > 0) {
    console.log(`${name}: ${survivors.length} of ${noticed.length + survivors.length} are left for ${slow.join(', ')}`)
    const left = [...new Set(survivors.map(({ fileName }) => placeOf(fileName)))]
    const second = await judge({ files: left, tests: slow, report: `${report}-slow`, only: survivors })
    noticed.push(...second.filter(isNoticed))
    survivors = second.filter(isSurvivor)
  }
  for (const { fileName, location, mutatorName, replacement = '' } of survivors) {
    const place = `${placeOf(fileName)}:${location.start.line}:${location.start.column}`
    console.log(`survived  ${place}  ${mutatorName}  ${replacement.replace(/\s+/g, ' ').slice(0, 100)}`)
  }
  const late = noticed.filter(({ status }) => status === 'Timeout').length
  const all = noticed.length + survivors.length
  console.log(`${name}: ${noticed.length} noticed (${late} by a timeout), ${survivors.length} survived`)
  if (share < 100) {
    // Two standard deviations of a share of n.
    const missed = survivors.length / all
    const spread = 200 * Math.sqrt(((1 - missed) * missed) / all) * Math.sqrt(1 - share / 100)
    console.log(`${name}: ${all} of all mutants tried; the score of all is the one below ± ${spread.toFixed(1)} %`)
  }
  return (100 * noticed.length) / all
}

function isNoticed({ status }: MutantResult): boolean {
  return status === 'Killed' || status === 'Timeout'
}

function isSurvivor({ status }: MutantResult): boolean {
  return status === 'Survived' || status === 'NoCoverage'
}

function placeOf(fileName: string): string {
  return fileName.slice(fileName.lastIndexOf('src/'))
}

/** The files of a part, without those that `--file` leaves out. */
function filesOf(patterns: readonly string[]): string[] {
  const { file = '' } = values
  const without = new Set(patterns.filter((one) => one.startsWith('!')).flatMap((one) => globSync(one.slice(1))))
  const all = patterns.filter((one) => !one.startsWith('!')).flatMap((one) => globSync(one))
  const isAsked = (name: string): boolean => (file.endsWith('.ts') ? name === file : name.startsWith(file))
  return all.filter((one) => !without.has(one) && isAsked(path.basename(one)))
}

interface Judging {
  readonly files: readonly string[]
  readonly tests: readonly string[]
  /** The name of the report, without its ending. */
  readonly report: string
  /** Only these mutants. `undefined`: the share of all. */
  readonly only?: readonly MutantResult[]
}

async function judge({ files, tests, report, only }: Judging): Promise<MutantResult[]> {
  const isPartial = share < 100 || only !== undefined
  process.env.MUTATE_TESTS = tests.join()
  process.env.MUTATE_LOADS_ALL = String(values.tests !== undefined || only !== undefined)
  delete process.env.MUTATE_ONLY
  if (only !== undefined) {
    process.env.MUTATE_ONLY = path.resolve(`${report}.only.json`)
    mkdirSync(path.dirname(report), { recursive: true })
    writeFileSync(process.env.MUTATE_ONLY, JSON.stringify(only.map((mutant) => nameOf(mutant, 1))))
  }
  return new Stryker({
    testRunner: 'vitest',
    vitest: { configFile: 'vitest.mutation.config.ts', related: false },
    plugins: ['@stryker-mutator/vitest-runner', ...(isPartial ? [path.resolve('scripts/mutation-share.ts')] : [])],
    checkers: isPartial ? ['share'] : [],
    mutate: [...files],
    coverageAnalysis: 'perTest',
    concurrency: 1,
    // A machine that is busy otherwise must not pass for a mutant that hangs.
    timeoutMS: 20_000,
    // A mutant that was left out must not count as known.
    incremental: only === undefined,
    incrementalFile: `${report}.incremental.json`,
    force: values.force,
    reporters: ['progress-append-only', 'json'],
    jsonReporter: { fileName: `${report}.json` },
    tempDirName: '.stryker-tmp',
    allowConsoleColors: false,
  }).runMutationTest()
}
