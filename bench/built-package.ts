import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { projectRoot } from '../scripts/stage-package.ts'

export interface BuiltPackage {
  /** Code in this folder can import the package by its name. */
  readonly folder: string
  remove(): void
}

/** Builds the package without types in a separate folder, with the dependencies of the working tree. */
export function builtPackage(): BuiltPackage {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'resilient-responses-bench-'))
  cpSync(path.join(projectRoot, 'package.json'), path.join(folder, 'package.json'))
  symlinkSync(path.join(projectRoot, 'node_modules'), path.join(folder, 'node_modules'))
  const tsup = path.join(projectRoot, 'node_modules/tsup/dist/cli-default.js')
  const options = ['--silent', '--no-dts', '--out-dir', path.join(folder, 'dist')]
  execFileSync(process.execPath, [tsup, ...options], { cwd: projectRoot, stdio: ['ignore', 'ignore', 'inherit'] })
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
