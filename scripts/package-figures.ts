/** Prints size and import time of the package, with their limits. */
import path from 'node:path'
import { ENTRIES } from './api-listing.ts'
import { entrySize } from './entry-size.ts'
import { importTimes, PACKAGE, startTimes } from './import-time.ts'
import { installPackage } from './install-package.ts'
import { stagePackage } from './stage-package.ts'

const kb = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KB`

const staged = await stagePackage()
const installed = await installPackage(staged.tarball)
try {
  console.log(
    `packed     ${kb(staged.packedBytes)} (at most 390 KB without the pages), unpacked ${kb(staged.unpackedBytes)}`,
  )
  for (const { specifier, code } of Object.values(ENTRIES)) {
    const { minified, gzipped, lazy, whole } = await entrySize(path.join(staged.folder, code))
    const limit = specifier === ENTRIES.index.specifier ? ' (to reach: 60 KB)' : ''
    console.log(`${specifier}: ${kb(gzipped)} min+gzip${limit}, ${kb(minified)} min, loaded by the import`)
    for (const part of lazy) console.log(`  ${part.name}: ${kb(part.gzipped)} more, when it is first needed`)
    if (lazy.length > 0) console.log(`  with all of that: ${kb(whole.gzipped)}`)
  }
  const { packageMs, dependenciesMs, ratio } = await importTimes(installed.folder)
  console.log(
    `import     ${packageMs.toFixed(1)} ms, ${ratio.toFixed(2)} × its dependencies alone (${dependenciesMs.toFixed(1)} ms; to reach: 0.65 ×)`,
  )
  const [start] = await startTimes(installed.folder, [PACKAGE])
  if (start === undefined) throw new Error('nothing was measured')
  console.log(
    `with client ${start.clientMs.toFixed(1)} ms, ${start.firstEventMs.toFixed(1)} ms of CPU until the first typed event`,
  )
} finally {
  installed.remove()
  staged.remove()
}
