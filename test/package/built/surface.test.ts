import { readFileSync } from 'node:fs'
import { describe, expect, inject, it } from 'vitest'
import { apiListings, ENTRIES, type EntryName, listingFile } from '../../../scripts/api-listing.ts'

const listings = await apiListings(inject('packageFolder'))
const MEANT = 'The public surface has changed. If it is meant: npm run api:update, and review the difference.'

describe('the public surface', () => {
  it.each(Object.keys(ENTRIES) as EntryName[])('of the entry %s is the reviewed one', (entry) => {
    expect(listings[entry], MEANT).toBe(readFileSync(listingFile(entry), 'utf8'))
  })

  it('has at most 25 names at run time in the main entry', async () => {
    const names = Number(/^## Names at run time \((\d+)\)$/m.exec(listings.index)?.[1])
    expect(names).toBeGreaterThan(5)
    expect(names).toBeLessThanOrEqual(25)
  })

  it('holds no `any`', () => {
    const withAny = Object.values(listings).flatMap((text) => text.split('\n').filter((line) => /\bany\b/.test(line)))
    expect(withAny.filter((line) => !line.includes("'any'"))).toEqual([])
  })
})
