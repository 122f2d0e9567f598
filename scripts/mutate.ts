/**
 * `npm run mutate -- --folder retry`: mutation testing of one folder, judged by its own tests. Without `--folder`: of all.
 * `--force` tries every mutant again, also those whose code and tests are the same as at the last run: for a score that
 * counts, because of what runs when a module is loaded, a table for example, nobody knows which tests look at it. What
 * survives is listed by place, and explained in `test/mutation/survivors.md`.
 */
import { parseArgs } from 'node:util'
import { Stryker } from '@stryker-mutator/core'

/** Of each folder: what is mutated, and the folders of tests that must notice. All of these run in seconds. */
const FOLDERS = {
  retry: { mutate: ['src/retry/**/*.ts'], tests: ['test/retry'] },
  watchdog: { mutate: ['src/watchdog/**/*.ts'], tests: ['test/watchdog'] },
  cache: { mutate: ['src/cache/**/*.ts'], tests: ['test/cache'] },
  call: { mutate: ['src/call/**/*.ts'], tests: ['test/call', 'test/client', 'test/responses', 'test/simulation'] },
  undici: { mutate: ['src/transport/undici/**/*.ts'], tests: ['test/transport'] },
} as const satisfies Record<string, { mutate: readonly string[]; tests: readonly string[] }>

/** Per cent of the mutants that the tests must notice. */
const WANTED = 90

const { values } = parseArgs({ options: { folder: { type: 'string' }, force: { type: 'boolean', default: false } } })
const names = Object.keys(FOLDERS) as Array<keyof typeof FOLDERS>
const wanted = values.folder === undefined ? names : names.filter((name) => name === values.folder)
if (wanted.length === 0) throw new Error(`--folder ${values.folder}: known are ${names.join(', ')}`)

const scores: string[] = []
for (const name of wanted) {
  const score = await mutate(name)
  scores.push(`${name.padEnd(10)} ${score.toFixed(1)} %${score < WANTED ? `, less than ${WANTED} %` : ''}`)
  if (score < WANTED) process.exitCode = 1
}
console.log(scores.join('\n'))

async function mutate(name: keyof typeof FOLDERS): Promise<number> {
  const { mutate, tests } = FOLDERS[name]
  process.env.MUTATE_TESTS = tests.join()
  const results = await new Stryker({
    testRunner: 'vitest',
    vitest: { configFile: 'vitest.mutation.config.ts', related: false },
    plugins: ['@stryker-mutator/vitest-runner'],
    mutate: [...mutate],
    coverageAnalysis: 'perTest',
    concurrency: 1,
    incremental: true,
    incrementalFile: `reports/mutation/${name}.incremental.json`,
    force: values.force,
    reporters: ['progress-append-only', 'json'],
    jsonReporter: { fileName: `reports/mutation/${name}.json` },
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
  console.log(`${name}: ${noticed} noticed, ${survivors.length} survived, ${count('Ignored')} ignored`)
  return (100 * noticed) / (noticed + survivors.length)
}
