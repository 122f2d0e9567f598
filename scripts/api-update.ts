/** Writes the listings of the public surface. Review the difference: users will notice it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { apiListings, type EntryName, listingFile } from './api-listing.ts'
import { stagePackage } from './stage-package.ts'

const staged = await stagePackage()
try {
  for (const [entry, text] of Object.entries(await apiListings(staged.folder))) {
    const file = listingFile(entry as EntryName)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, text)
    console.log(path.relative(process.cwd(), file))
  }
} finally {
  staged.remove()
}
