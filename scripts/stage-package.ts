import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export const projectRoot: string = path.resolve(import.meta.dirname, '..')

/** Pages beside the README that are packed: pages of docs lead to them. */
const PAGES_AT_THE_TOP = ['CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md']

export interface StagedPackage {
  /** A folder with the built package: `package.json`, `dist` and the pages. */
  readonly folder: string
  readonly tarball: string
  /** Bytes of the tarball. */
  readonly packedBytes: number
  /** Bytes of its files. */
  readonly unpackedBytes: number
  readonly files: readonly string[]
  remove(): void
}

/**
 * Builds and packs the package as a release would, in a separate folder: the `dist` of the working tree is not touched,
 * so that two runs do not interfere. The dependencies are those of the working tree.
 */
export async function stagePackage(): Promise<StagedPackage> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'resilient-responses-'))
  // The source is copied to check that it is not packed: a wrong list of files in the manifest shows.
  for (const name of ['package.json', 'README.md', 'LICENSE', 'docs', 'examples', 'src', ...PAGES_AT_THE_TOP]) {
    if (existsSync(path.join(projectRoot, name))) {
      cpSync(path.join(projectRoot, name), path.join(folder, name), { recursive: true })
    }
  }
  symlinkSync(path.join(projectRoot, 'node_modules'), path.join(folder, 'node_modules'))
  const tsup = path.join(projectRoot, 'node_modules/tsup/dist/cli-default.js')
  await run(process.execPath, [tsup, '--silent', '--out-dir', path.join(folder, 'dist')], { cwd: projectRoot })
  const packed = await packFolder(folder)
  return {
    folder,
    tarball: path.join(folder, packed.filename),
    packedBytes: packed.size,
    unpackedBytes: packed.unpackedSize,
    files: packed.files.map((file) => file.path),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Packs a staged folder. The tarball is written into it. */
export async function packFolder(folder: string): Promise<PackReport> {
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts'], { cwd: folder })
  return onlyEntry(JSON.parse(stdout))
}

export interface PackReport {
  readonly filename: string
  /** Of the tarball. */
  readonly shasum: string
  readonly size: number
  readonly unpackedSize: number
  readonly files: ReadonlyArray<{ readonly path: string }>
}

/** npm reports a list; newer versions report an object by package name. */
function onlyEntry(report: unknown): PackReport {
  return Object.values(report as Record<string, PackReport>)[0] as PackReport
}
