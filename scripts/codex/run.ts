import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { type CodexHome, makeHome } from './home.ts'

export interface CodexRun {
  /** `undefined`: still running when its time was over. */
  readonly exitCode: number | undefined
  readonly seconds: number
  readonly output: string
}

/** One turn of the real binary. */
export async function runCodex(
  binary: string,
  { capMs, ...options }: CodexHome & { readonly capMs: number },
): Promise<CodexRun> {
  const home = makeHome(options)
  const startedAt = performance.now()
  const child = spawn(binary, ['exec', '--skip-git-repo-check', '--sandbox', 'read-only', 'Say hi.'], {
    cwd: home,
    env: { PATH: process.env.PATH, HOME: home, CODEX_HOME: home, KEY_OF_CODEX: 'sk-check' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: the launcher starts the binary as a child.
    detached: true,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk))
  const timer = setTimeout(() => killGroup(child.pid), capMs)
  const exit = await new Promise<number | null>((resolve) => child.on('close', resolve))
  clearTimeout(timer)
  rmSync(home, { recursive: true, force: true, maxRetries: 3 })
  return { exitCode: exit ?? undefined, seconds: (performance.now() - startedAt) / 1000, output }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}
