import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { describe, expect, inject, it } from 'vitest'
import { ENTRIES } from '../../../scripts/api-listing.ts'
import { entrySize } from '../../../scripts/entry-size.ts'
import { packFolder } from '../../../scripts/stage-package.ts'

const run = promisify(execFile)
const root = path.resolve(import.meta.dirname, '../../..')
const folder = inject('packageFolder')
const KB = 1024
const CODE = /^dist\/[\w/-]+\.(?:js|js\.map|d\.ts)$/
const PAGES = /^docs\/[\w-]+\.(?:md|svg)$|^examples\//

const hashOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex')

const ENTRY_NAMES = Object.values(ENTRIES).map(({ specifier }) => specifier)

interface Failure {
  readonly code: number
  readonly stdout: string
}

describe('the packed package', () => {
  it('is what publint wants of a package', async () => {
    const tarball = new Uint8Array(readFileSync(inject('tarball'))).buffer
    const { messages, pkg } = await publint({ pack: { tarball }, strict: true })
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([])
  })

  it('has types that are right for every way an ES module is resolved', async () => {
    const attw = path.join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js')
    const args = [
      '--profile',
      'esm-only',
      '--no-definitely-typed',
      '--format',
      'ascii',
      '--no-color',
      inject('tarball'),
    ]
    const said = await run(process.execPath, [attw, ...args]).catch((failure: Failure) => failure)
    expect('code' in said ? said.code : 0, said.stdout).toBe(0)
    for (const entry of ENTRY_NAMES) {
      expect(said.stdout).toMatch(new RegExp(`"${entry}"\\n\\nnode16 \\(from ESM\\): 🟢 \\(ESM\\)\\nbundler: 🟢`))
    }
  })

  it('holds the build, the pages and the examples, nothing else', () => {
    const strangers = inject('packedFiles').filter((file) => !CODE.test(file) && !PAGES.test(file))
    expect(strangers.sort()).toEqual([
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'package.json',
    ])
  })

  it.each(inject('packedFiles').filter((file) => file.endsWith('.md')))(
    'holds what %s links to: its pages are read where it is installed',
    (page) => {
      const text = readFileSync(path.join(folder, page), 'utf8').replaceAll(/^```[\s\S]*?^```$/gm, '')
      const targets = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, target = '']) => target)
      const files = targets
        .filter((target) => !/^[a-z]+:/.test(target))
        .map((target) => path.posix.join(path.posix.dirname(page), target))
      const packed = inject('packedFiles')
      expect(files.filter((file) => !packed.some((each) => each === file || each.startsWith(`${file}/`)))).toEqual([])
    },
  )

  it('is the same, byte for byte, whenever it is packed', async () => {
    const again = mkdtempSync(path.join(os.tmpdir(), 'packed-again-'))
    try {
      cpSync(folder, again, {
        recursive: true,
        filter: (file) => !/node_modules|\.tgz$/.test(file.slice(folder.length)),
      })
      const { filename } = await packFolder(again)
      expect(hashOf(path.join(again, filename))).toBe(hashOf(inject('tarball')))
    } finally {
      rmSync(again, { recursive: true })
    }
  })

  it('says what to fill in before it is published, and no more than that', () => {
    const manifest = readFileSync(path.join(folder, 'package.json'), 'utf8')
    const fields = Object.entries(JSON.parse(manifest) as Record<string, unknown>)
      .filter(([, value]) => JSON.stringify(value).includes('FILL-IN'))
      .map(([name]) => name)
    expect(fields).toEqual(['homepage', 'bugs', 'repository', 'funding', 'author'])
  })

  it('has every class in one file, through however many entries it is imported', () => {
    const source = path.resolve(import.meta.dirname, '../../../src')
    const sources = readdirSync(source, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(path.join(source, name), 'utf8'))
    const places = new Map<string, Set<string>>()
    for (const file of inject('packedFiles').filter((name) => name.endsWith('.js'))) {
      const code = readFileSync(path.join(folder, file), 'utf8')
      for (const [, declared, assigned] of code.matchAll(/\bclass ([A-Z]\w*)|\b([A-Z]\w*) ?= ?class\b/g)) {
        // The bundler numbers what has the name of another thing.
        const name = ((declared ?? assigned) as string).replace(/\d+$/, '')
        places.set(name, (places.get(name) ?? new Set()).add(file))
      }
    }
    const declared = (name: string): number =>
      sources.filter((code) => new RegExp(`class ${name}\\b`).test(code)).length
    expect(places.size).toBeGreaterThan(50)
    expect([...places].filter(([name, files]) => files.size > declared(name))).toEqual([])
  })

  it('leaves its dependencies outside', () => {
    const code = inject('packedFiles').filter((file) => file.endsWith('.js'))
    const bundled = code.filter((file) => readFileSync(path.join(folder, file), 'utf8').includes('node_modules/'))
    expect(bundled).toEqual([])
  })

  it('has a source map for each file of code, which names files of src and holds none of their text', () => {
    const code = inject('packedFiles').filter((name) => name.endsWith('.js'))
    for (const file of code) {
      const map = JSON.parse(readFileSync(path.join(folder, `${file}.map`), 'utf8')) as SourceMap
      expect(map.sources.filter((name) => !/^(?:\.\.\/)+src\/[\w/-]+\.ts$/.test(name))).toEqual([])
      expect(map.sourcesContent).toBeUndefined()
    }
  })

  it('takes at most 390 KB packed without its pages, at most 330 KB without its source maps, and 100 KB of pages', () => {
    const packed = (names: RegExp): number => {
      const files = inject('packedFiles').filter((name) => names.test(name))
      return gzipSync(Buffer.concat(files.map((name) => readFileSync(path.join(folder, name))))).length
    }
    const pages = packed(/\.md$|^(?:docs|examples)\//)
    const code = inject('packedBytes') - pages
    expect(code).toBeGreaterThan(10 * KB)
    // The fleet, the timeline and the WebSockets of the sidecar are separate entries, which no other entry loads.
    expect(code).toBeLessThanOrEqual(390 * KB)
    expect(code - packed(/\.map$/)).toBeLessThanOrEqual(330 * KB)
    expect(pages).toBeLessThanOrEqual(100 * KB)
  })
})

describe('what a bundle of the main entry weighs', () => {
  it('is at most 60 KB, minified and compressed, before the first call', async () => {
    const { gzipped, lazy } = await entrySize(path.join(folder, ENTRIES.index.code))
    expect(gzipped).toBeGreaterThan(20 * KB)
    expect(gzipped).toBeLessThanOrEqual(60 * KB)
    // What is loaded later is seen by the bundler, and comes with the bundle.
    expect(lazy.map(({ name }) => name)).toEqual(expect.arrayContaining(['perform-fetch', 'reading', 'validate']))
  })
})

interface SourceMap {
  readonly sources: readonly string[]
  readonly sourcesContent?: unknown
}
