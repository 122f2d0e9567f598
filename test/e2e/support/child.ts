import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/**
 * Runs a program of `children/` in a process of its own until it exits by itself.
 *
 * @param input given to it as JSON.
 * @returns what it wrote, and how it ended.
 */
export async function runChild(
  program: string,
  input: unknown,
  nodeFlags: readonly string[] = [],
): Promise<{ output: string; exitCode: number | null }> {
  const path = fileURLToPath(new URL(`../children/${program}`, import.meta.url))
  const child = spawn(
    process.execPath,
    [...nodeFlags, '--disable-warning=ExperimentalWarning', path, JSON.stringify(input)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const [exitCode] = (await once(child, 'close')) as [number | null]
  return { output, exitCode }
}
