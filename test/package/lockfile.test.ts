import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'

interface Locked {
  readonly version?: string
  readonly resolved?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const file = path.resolve(import.meta.dirname, '../../package-lock.json')
const { packages } = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, Locked> }

/** Whether Node would find `name` from a place in the tree: in its own `node_modules`, or in one above. */
function isFound(place: string, name: string): boolean {
  if (packages[path.posix.join(place, 'node_modules', name)] !== undefined) return true
  if (place === '') return false
  return isFound(place.slice(0, Math.max(0, place.lastIndexOf('node_modules/') - 1)), name)
}

describe('the lock file', () => {
  it('names no address, so that it installs from whichever registry is configured', () => {
    expect(Object.keys(packages).length).toBeGreaterThan(100)
    expect(Object.keys(packages).filter((place) => packages[place]?.resolved !== undefined)).toEqual([])
  })

  it('names every dependency of every package, those of other platforms too: `npm ci` refuses a lock with gaps', () => {
    const gaps = Object.entries(packages).flatMap(([place, { dependencies, devDependencies, optionalDependencies }]) =>
      Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies })
        .filter((name) => !isFound(place, name))
        .map((name) => `${place} → ${name}`),
    )
    expect(gaps).toEqual([])
  })
})
