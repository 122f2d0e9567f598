import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/**
 * The path of a Node of that version, `26` or `22.19` or `22.19.0`: the running one, or one that npm installs into a
 * folder that later runs reuse.
 */
export function nodeOf(version: string): string {
  if (`${process.versions.node}.`.startsWith(`${version}.`)) return process.execPath
  const folder = path.join(os.tmpdir(), `resilient-responses-node-${version}`)
  const binary = path.join(folder, 'node_modules/node/bin/node')
  if (existsSync(binary)) return binary
  mkdirSync(folder, { recursive: true })
  // The package `node` fetches the binary in an install script. Newer npms run install scripts only for listed
  // packages.
  const manifest = { private: true, dependencies: { node: version }, allowScripts: { node: true } }
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest))
  execFileSync('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  if (!existsSync(binary)) throw new Error(`npm installed no Node ${version} in ${folder}`)
  return binary
}
