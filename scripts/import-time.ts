import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What the package stands on: the parts of undici it uses, zod and the parser. */
export const DEPENDENCIES: readonly string[] = ['undici/lib/dispatcher/client.js', 'zod/mini', 'eventsource-parser']
export const PACKAGE = 'resilient-responses'

export interface ImportTimes {
  /** Milliseconds, the least of all rounds: what else runs on the machine only adds. */
  readonly dependenciesMs: number
  readonly packageMs: number
  readonly ratio: number
}

/**
 * Compares the time to import the package with that of its dependencies alone, each in a new process, in turns.
 *
 * @param folder a project that has the package installed.
 */
export async function importTimes(folder: string, rounds = 21): Promise<ImportTimes> {
  const times = { dependencies: [] as number[], package: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    times.dependencies.push(await importTime(folder, DEPENDENCIES))
    times.package.push(await importTime(folder, [PACKAGE]))
  }
  const [dependenciesMs, packageMs] = [Math.min(...times.dependencies), Math.min(...times.package)]
  return { dependenciesMs, packageMs, ratio: packageMs / dependenciesMs }
}

/** Milliseconds, in a new process of the same Node. */
export async function importTime(folder: string, specifiers: readonly string[]): Promise<number> {
  const imports = specifiers.map((specifier) => `await import('${specifier}')`).join('\n')
  const code = `const start = performance.now()\n${imports}\nprocess.stdout.write(String(performance.now() - start))`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { cwd: folder })
  return Number(stdout)
}
