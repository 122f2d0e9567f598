import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** Programs beside Node that npm brings: other runtimes, and a test runner with its own module system. */
const PACKAGES = { bun: '^1.4.0', deno: '^2.9.0', jest: '^30.5.0' } as const

/** The path of the program, from a folder that npm fills once and later runs reuse. */
export function runtimeOf(name: keyof typeof PACKAGES): string {
  const folder = path.join(os.tmpdir(), 'resilient-responses-runtimes')
  const binary = path.join(folder, 'node_modules/.bin', name)
  if (existsSync(binary)) return binary
  mkdirSync(folder, { recursive: true })
  // bun and deno put their programs in place by an install script. Newer npms run those only for listed packages.
  const manifest = { private: true, dependencies: PACKAGES, allowScripts: { bun: true, deno: true } }
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest))
  execFileSync('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  return binary
}
