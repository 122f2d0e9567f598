/** Runs all tests on the oldest and the newest supported Node. */
import { execFileSync, spawnSync } from 'node:child_process'
import path from 'node:path'
import { nodeOf } from './nodes.ts'
import { projectRoot } from './stage-package.ts'

const VERSIONS = process.argv.length > 2 ? process.argv.slice(2) : ['22.19', '26']

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
