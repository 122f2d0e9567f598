/**
 * `npm run mutate -- --folder retry`: mutation testing of one folder with its own tests. Without `--folder`: of all.
 * `--file turn`: only its files with names that begin so; `--file call.ts`: only that file. For folders that take
 * hours.
 * `--tests test/call/slot.test.ts`: only with these test files or folders. Takes minutes and gives a lower bound,
 * because all tests notice at least what a part of them notices.
 * `--share 20`: only 20 % of the mutants, always the same ones. Judges a folder of thousands of mutants in minutes; the spread of the
 * score is told.
 * `--force` tries every mutant again, also those with unchanged code and tests. Needed for a final score: which tests
 * cover code that runs at import, such as a table, is not known. Survivors are listed by place, and explained in
 * `test/mutation/survivors.md`.
 */
import path from 'node:path'
import { parseArgs } from 'node:util'
import { Stryker } from '@stryker-mutator/core'

/**
 * For each folder: the folders of tests, or single ones, that must notice its mutants. All run in seconds. `test/mutation`
 * simulates a few worlds.
 */
const FOLDERS = {
  retry: { from: 'src/retry', tests: ['test/retry'] },
  watchdog: { from: 'src/watchdog', tests: ['test/watchdog'] },
  cache: { from: 'src/cache', tests: ['test/cache', 'test/field/client-cache-callbacks.test.ts'] },
  call: {
    from: 'src/call',
    tests: ['test/call', 'test/client', 'test/responses', 'test/faults/over-fakes.test.ts', 'test/mutation'],
  },
  undici: { from: 'src/transport/undici', tests: ['test/transport', 'test/mutation'] },
} as const satisfies Record<string, { from: string; tests: readonly string[] }>

/** Per cent of the mutants that the tests must notice. */
const WANTED = 90

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    file: { type: 'string' },
    tests: { type: 'string' },
    share: { type: 'string', default: '100' },
    force: { type: 'boolean', default: false },
  },
})
const share = Number(values.share)
if (!(share >= 1 && share <= 100)) throw new Error(`--share ${values.share}: accepted: 1 to 100, per cent`)
process.env.MUTATE_SHARE = values.share
const names = Object.keys(FOLDERS) as Array<keyof typeof FOLDERS>
const wanted = values.folder === undefined ? names : names.filter((name) => name === values.folder)
if (wanted.length === 0) throw new Error(`--folder ${values.folder}: accepted: ${names.join(', ')}`)

const scores: string[] = []
for (const name of wanted) {
  const score = await mutate(name)
  scores.push(`${name.padEnd(10)} ${score.toFixed(1)} %${score < WANTED ? `, less than ${WANTED} %` : ''}`)
  if (score < WANTED) process.exitCode = 1
}
console.log(scores.join('\n'))

async function mutate(name: keyof typeof FOLDERS): Promise<number> {
  const { from, tests } = FOLDERS[name]
  const part = [values.file, values.tests, share === 100 ? undefined : `share ${share}`]
    .filter((one) => one !== undefined)
    .map((one) => one.replace(/\W+/g, '_'))
  const report = `reports/mutation/${[name, ...part].join('-')}`
  process.env.MUTATE_TESTS = values.tests ?? tests.join()
  const results = await new Stryker({
    testRunner: 'vitest',
    vitest: { configFile: 'vitest.mutation.config.ts', related: false },
    plugins: ['@stryker-mutator/vitest-runner', ...(share === 100 ? [] : [path.resolve('scripts/mutation-share.ts')])],
    checkers: share === 100 ? [] : ['share'],
    mutate: [`${from}/**/${values.file?.endsWith('.ts') ? values.file : `${values.file ?? ''}*.ts`}`],
    coverageAnalysis: 'perTest',
    concurrency: 1,
    // A machine that is busy otherwise must not pass for a mutant that hangs.
    timeoutMS: 20_000,
    incremental: true,
    incrementalFile: `${report}.incremental.json`,
    force: values.force,
    reporters: ['progress-append-only', 'json'],
    jsonReporter: { fileName: `${report}.json` },
    tempDirName: '.stryker-tmp',
    allowConsoleColors: false,
  }).runMutationTest()
  const count = (...statuses: readonly string[]): number =>
    results.filter(({ status }) => statuses.includes(status)).length
  const survivors = results.filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
  for (const { fileName, location, mutatorName, replacement } of survivors) {
    const place = `${fileName.slice(fileName.indexOf('src/'))}:${location.start.line}:${location.start.column}`
    console.log(`survived  ${place}  ${mutatorName}  ${replacement.replace(/\s+/g, ' ').slice(0, 100)}`)
  }
  const noticed = count('Killed', 'Timeout')
  const all = noticed + survivors.length
  console.log(`${name}: ${noticed} noticed, ${survivors.length} survived, ${count('Ignored')} ignored`)
  if (share < 100) {
    // Two standard deviations of a share of n.
    const spread = 200 * Math.sqrt(((noticed / all) * (survivors.length / all)) / all) * Math.sqrt(1 - share / 100)
    console.log(`${name}: ${all} of all mutants tried; the score of all is the one below ± ${spread.toFixed(1)} %`)
  }
  return (100 * noticed) / all
}
