import type { TestProject } from 'vitest/node'
import { installPackage } from '../../../scripts/install-package.ts'
import { stagePackage } from '../../../scripts/stage-package.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The built package: `package.json` and `dist`. */
    packageFolder: string
    tarball: string
    packedBytes: number
    packedFiles: string[]
    /** A project that has the tarball installed. */
    consumerFolder: string
  }
}

/** Builds, packs and installs the package once for all tests of this folder. */
export default async function setup(project: TestProject): Promise<() => void> {
  const staged = await stagePackage()
  const installed = await installPackage(staged.tarball)
  project.provide('packageFolder', staged.folder)
  project.provide('tarball', staged.tarball)
  project.provide('packedBytes', staged.packedBytes)
  project.provide('packedFiles', [...staged.files])
  project.provide('consumerFolder', installed.folder)
  return () => {
    installed.remove()
    staged.remove()
  }
}
