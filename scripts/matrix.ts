/** Runs all tests on the oldest Node that is supported and on the newest, besides the one of the working tree. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { projectRoot } from './stage-package.ts'

const VERSIONS = process.argv.length > 2 ? process.argv.slice(2) : ['22.19', '26']

/** The path of a Node of that version, installed with npm into a folder that later runs find again. */
function nodeOf(version: string): string {
  const folder = path.join(os.tmpdir(), `resilient-responses-node-${version}`)
  mkdirSync(folder, { recursive: true })
  // The package `node` fetches the binary in an install script, which newer npms run for those alone that are listed.
  const manifest = { private: true, dependencies: { node: version }, allowScripts: { node: true } }
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest))
  execFileSync('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'inherit' })
  return path.join(folder, 'node_modules/node/bin/node')
}

const outcomes = VERSIONS.map((version) => {
  const node = nodeOf(version)
  const exact = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
  console.log(`\nNode ${exact}`)
  const vitest = path.join(projectRoot, 'node_modules/vitest/vitest.mjs')
  const { status } = spawnSync(node, [vitest, 'run', '--reporter=dot'], { cwd: projectRoot, stdio: 'inherit' })
  return { exact, passed: status === 0 }
})

for (const { exact, passed } of outcomes) console.log(`Node ${exact}: ${passed ? 'passed' : 'failed'}`)
process.exitCode = outcomes.every(({ passed }) => passed) ? 0 : 1
