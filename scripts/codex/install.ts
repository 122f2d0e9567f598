import { execFile } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

/** The version that `docs/sidecar.md` speaks of. */
export const CODEX_VERSION = '0.171.0'

/** The binary, installed into a cache folder once: it is 400 MB, and no dependency of this project. */
export async function installCodex(): Promise<string> {
  const cache = process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache')
  const folder = path.join(cache, 'resilient-responses', 'codex')
  const binary = path.join(folder, 'node_modules/.bin/codex')
  if (existsSync(binary)) return binary
  mkdirSync(folder, { recursive: true })
  const args = ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', `@openai/codex@${CODEX_VERSION}`]
  await promisify(execFile)('npm', args)
  return binary
}
