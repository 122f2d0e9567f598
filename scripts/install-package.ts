import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { projectRoot } from './stage-package.ts'

const run = promisify(execFile)

export interface InstalledPackage {
  /** The root of a project that depends on the package. */
  readonly folder: string
  remove(): void
}

/**
 * Installs a tarball of the package with npm into a new project, as a user would, but without the network: dependencies
 * and the types of Node are links into the working tree.
 */
export async function installPackage(tarball: string): Promise<InstalledPackage> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'resilient-responses-user-'))
  const { name, dependencies, peerDependencies } = readManifest()
  const links = Object.keys({ ...dependencies, ...peerDependencies }).map((each) => [
    each,
    `file:${path.join(projectRoot, 'node_modules', each)}`,
  ])
  const manifest = {
    private: true,
    type: 'module',
    dependencies: { [name]: `file:${tarball}`, ...Object.fromEntries(links) },
  }
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest))
  await run('npm', ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder })
  mkdirSync(path.join(folder, 'node_modules/@types'), { recursive: true })
  symlinkSync(path.join(projectRoot, 'node_modules/@types/node'), path.join(folder, 'node_modules/@types/node'))
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

interface Manifest {
  readonly name: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

function readManifest(): Manifest {
  return JSON.parse(readFileSync(path.join(projectRoot, 'package.json'), 'utf8')) as Manifest
}
