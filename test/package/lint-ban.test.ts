import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'

const run = promisify(execFile)
const root = path.resolve(import.meta.dirname, '../..')
const probes = mkdtempSync(path.join(os.tmpdir(), 'resilient-responses-lint-'))

/** One line each: what only `src/core` may do. */
const FORBIDDEN = [
  'setTimeout(run, 1)',
  'setInterval(run, 1)',
  'setImmediate(run)',
  'clearTimeout(1)',
  'clearInterval(1)',
  'clearImmediate(run)',
  'run(Date.now())',
  'run(new Date())',
  'run(performance.now())',
  'run(Math.random())',
  "run(Math['random']())",
  'const { random } = Math; run(random)',
  'run(crypto.randomUUID())',
  'run(AbortSignal.timeout(5))',
  'run(process.hrtime.bigint())',
  'run(process.env.SECRET)',
  'const { env } = process; run(env)',
  'globalThis.setTimeout(run, 1)',
  'run(globalThis.Date.now())',
  'const { setTimeout: later } = globalThis; run(later)',
  'const later = setTimeout; run(later)',
  'run({ setTimeout })',
  "import { setTimeout as later } from 'node:timers'; run(later)",
  "import { setTimeout as later } from 'node:timers/promises'; run(later)",
  "import { performance as watch } from 'node:perf_hooks'; run(watch)",
  "import { env } from 'node:process'; run(env)",
  "import timers from 'timers'; run(timers)",
  "run(await import('node:timers/promises'))",
]

const FREE = ['run(Math.max(1, 2))', 'run(globalThis.fetch)', 'run(AbortSignal.any([]))', 'run(process.pid)']

interface Report {
  readonly diagnostics: ReadonlyArray<{
    readonly severity: string
    readonly category: string
    readonly location: { readonly path: string }
  }>
}

/** Lints the lines, each as a file of its own, under the project's own rules; gives the lines that are refused. */
async function refused(folder: string, lines: readonly string[]): Promise<string[]> {
  mkdirSync(path.join(probes, folder), { recursive: true })
  for (const [index, line] of lines.entries()) {
    const code = `${line}\nexport function run(value: unknown): unknown {\n  return value\n}\n`
    writeFileSync(path.join(probes, folder, `probe-${index}.ts`), code)
  }
  const biome = path.join(root, 'node_modules/@biomejs/biome/bin/biome')
  const args = [biome, 'lint', '--reporter=json', '--max-diagnostics=none', folder]
  const said = await run(process.execPath, args, { cwd: probes }).catch((failure: { stdout: string }) => failure)
  const { diagnostics } = JSON.parse(said.stdout) as Report
  const hit = diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(({ location }) => Number(/probe-(\d+)\.ts$/.exec(location.path)?.[1]))
  return lines.filter((_, index) => hit.includes(index))
}

for (const name of ['biome.json', 'lint', '.gitignore']) {
  cpSync(path.join(root, name), path.join(probes, name), { recursive: true })
}
afterAll(() => rmSync(probes, { recursive: true, force: true }))

describe('the ban on casts past the compiler', () => {
  const casts = ['run(5 as never)', "run('x' as unknown as number)"]

  it('bites in tests, in every folder', async () => {
    expect(await refused('test/casts/deep', casts)).toEqual(casts)
  })

  it('lets through a cast that the compiler checks, and text', async () => {
    expect(await refused('test/casts/checked', ['run(5 as number)', "run('as good as never')"])).toEqual([])
  })
})

describe('the ban on time, chance and the environment', () => {
  it.each(['src', 'src/call', 'src/testing', 'test/client'])('bites in %s', async (folder) => {
    expect(await refused(folder, FORBIDDEN)).toEqual(FORBIDDEN)
  })

  it('lets through what only looks like it', async () => {
    expect(await refused('src/call', FREE)).toEqual([])
  })

  it.each(['src/core', 'bench', 'demo', 'scripts'])('does not reach %s', async (folder) => {
    const importsWithoutNode = FORBIDDEN.filter(
      (line) => !line.includes("from 'timers'") && !line.includes("['random']"),
    )
    expect(await refused(folder, importsWithoutNode)).toEqual([])
  })
})
