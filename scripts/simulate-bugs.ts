/**
 * `npm run simulate:bugs`: does the simulation find bugs? Each bug of a list is put alone into a copy of the source,
 * and worlds are run until one breaks an invariant. Fails if a bug is not found, or if its place in the source is not
 * found.
 */
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BUGS, type Bug, COPIED } from './simulate-bugs-list.ts'

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '30000' }, only: { type: 'string' } },
})
/** Without a bug this many worlds must hold, or every bug would seem to be found. */
const SOUND_SEEDS = 2000
/** Of one hunt on a busy machine: thirty thousand worlds take two minutes of one core. */
const TIME_LIMIT_MS = 1_800_000
const PROJECT = new URL('../', import.meta.url).pathname

interface Hunt {
  readonly seed: number | undefined
  readonly invariant: string
}

const scratch = mkdtempSync(join(tmpdir(), 'simulate-bugs-'))
try {
  process.exitCode = await huntAll()
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

async function huntAll(): Promise<number> {
  const bugs = BUGS.filter(({ name }) => values.only === undefined || name.includes(values.only))
  for (const bug of bugs) place(bug, PROJECT)
  const folder = copy('sound')
  for (const sockets of [false, true]) {
    const { seed, invariant } = await hunt(folder, SOUND_SEEDS, sockets)
    if (seed === undefined) continue
    const again = `npm run simulate -- --seed ${seed}${sockets ? ' --sockets' : ''}`
    console.log(`the source as it is breaks ${invariant} with seed ${seed}: ${again}`)
    return 1
  }
  const width = Math.max(...bugs.map(({ name }) => name.length))
  let missed = 0
  const waiting = [...bugs.entries()]
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, bug] = next
      const folder = copy(`bug-${index}`)
      for (const { path, text } of place(bug, folder)) writeFileSync(path, text)
      const { seed, invariant } = await hunt(folder, Number(values.seeds), bug.sockets)
      rmSync(folder, { recursive: true, force: true })
      if (seed === undefined) missed++
      const found = seed === undefined ? 'NOT CAUGHT' : `seed ${String(seed).padEnd(6)} ${invariant}`
      console.log(`${String(index + 1).padStart(2)}  ${bug.name.padEnd(width)}  ${found}`)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, lane))
  console.log(`${bugs.length - missed} of ${bugs.length} mistakes caught`)
  return missed > 0 ? 1 : 0
}

/** The files of a bug, with the bug in them. @throws Error if an anchor does not occur exactly once. */
function place({ name, edits }: Bug, folder: string): { path: string; text: string }[] {
  return edits.map(({ file, find, replace }) => {
    const path = join(folder, file)
    const parts = readFileSync(path, 'utf8').split(find)
    if (parts.length !== 2) throw new Error(`'${name}': ${file} holds its anchor ${parts.length - 1} times:\n${find}`)
    return { path, text: parts.join(replace) }
  })
}

function copy(name: string): string {
  const folder = join(scratch, name)
  mkdirSync(join(folder, 'test'), { recursive: true })
  for (const part of COPIED) cpSync(join(PROJECT, part), join(folder, part), { recursive: true })
  symlinkSync(join(PROJECT, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

function hunt(folder: string, seeds: number, sockets = false): Promise<Hunt> {
  return new Promise((resolve, reject) => {
    const script = join(folder, 'scripts/simulate-hunt.ts')
    const args = [script, String(seeds), ...(sockets ? ['sockets'] : [])]
    execFile(process.execPath, args, { timeout: TIME_LIMIT_MS }, (error, stdout, stderr) => {
      try {
        resolve(JSON.parse(stdout) as Hunt)
      } catch {
        reject(new Error(`${folder}: the hunt came to nothing: ${stderr.slice(-2000)}`, { cause: error }))
      }
    })
  })
}
