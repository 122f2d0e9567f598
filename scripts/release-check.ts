/** Says what is left to do before `npm publish`. Exits with 1 while something is. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { leftToDo, type Release } from './release/left-to-do.ts'
import { packFolder, projectRoot, stagePackage } from './stage-package.ts'

const read = (name: string): string => readFileSync(path.join(projectRoot, name), 'utf8')
const git = (...args: string[]): string => execFileSync('git', args, { cwd: projectRoot, encoding: 'utf8' }).trim()

const staged = await stagePackage()
try {
  const first = await packFolder(staged.folder)
  const again = await stagePackage()
  const second = await packFolder(again.folder)
  again.remove()
  const release: Release = {
    manifest: JSON.parse(read('package.json')) as Release['manifest'],
    changelog: read('CHANGELOG.md'),
    lock: read('package-lock.json'),
    changedFiles: git('status', '--porcelain').split('\n').filter(Boolean),
    tags: git('tag', '--points-at', 'HEAD').split('\n').filter(Boolean),
    isReproducible: first.shasum === second.shasum,
  }
  const left = leftToDo(release)
  console.log(
    `${release.manifest.name} ${release.manifest.version}: ${staged.files.length} files, sha1 ${first.shasum}`,
  )
  for (const each of left) console.log(`- ${each}`)
  console.log(left.length === 0 ? 'Nothing is left to do: npm publish' : `${left.length} left to do`)
  process.exitCode = left.length === 0 ? 0 : 1
} finally {
  staged.remove()
}
