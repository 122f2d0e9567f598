import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { circles, folderOf, type ImportGraph, importsAgainstOrder, reachableFrom, readImports } from './layering.ts'

const root = path.resolve(import.meta.dirname, '../..')
const imports = readImports(path.join(root, 'src'))

/** From the public face down to what stands on nothing. Imports point down this list. */
const ORDER = [
  'opentelemetry',
  'index.ts',
  'cli',
  'sidecar',
  'timeline',
  'fleet',
  'client',
  'responses',
  'call',
  'endpoints',
  'admission',
  'hedge',
  'fleet-port',
  'retry',
  'watchdog',
  'transport',
  'cache',
  'sse',
  'telemetry',
  'picture',
  'errors',
  'core',
]

/** The testing kit stands beside: a user's code meets the library through the port, and so does the kit. */
const OPEN_TO_TESTING = ['core', 'transport/transport.ts']
/** The one file of the kit that imports the library: it hands over the parts that the first call would load, and reads nothing of them. */
const LOAD_AHEAD = 'testing/load-ahead.ts'
/** They load zod, undici and ws, which a call over a `FakeTransport` does not wait for. */
const LOADED_WITH_DEPENDENCIES = [
  'responses/schema/load-checks.ts',
  'transport/undici/undici-parts.ts',
  'client/lazy-sockets.ts',
  'transport/websocket/ws-wire.ts',
]

/** Optional peers of `./fleet`, which takes a client that its user has made. */
const GIVEN_BY_USERS = ['ioredis', 'iovalkey', 'redis']

function only(keep: (file: string) => boolean): ImportGraph {
  return new Map([...imports].filter(([file]) => keep(file)))
}

describe('the layers of the source', () => {
  const library = only((file) => folderOf(file) !== 'testing')

  it('imports point down the list, types included', () => {
    expect(importsAgainstOrder(library, ORDER)).toEqual([])
  })

  it('every folder has its place in the list', () => {
    const folders = new Set([...library.keys()].map(folderOf))
    expect([...folders].filter((folder) => !ORDER.includes(folder))).toEqual([])
  })

  it('no file imports itself by way of others, types included', () => {
    expect(circles(imports)).toEqual([])
  })

  it('no import leads to a file that is not there', () => {
    const missing = [...imports].flatMap(([from, all]) =>
      all.filter((to) => to.endsWith('.ts') && !imports.has(to)).map((to) => `${from} → ${to}`),
    )
    expect(missing).toEqual([])
  })

  it('the library knows nothing of the testing kit, and the kit only the port and the core', () => {
    const crossings = [...only((file) => file !== LOAD_AHEAD)].flatMap(([from, all]) =>
      all
        .filter((to) => imports.has(to) && (folderOf(from) === 'testing') !== (folderOf(to) === 'testing'))
        .filter((to) => !(folderOf(from) === 'testing' && OPEN_TO_TESTING.some((open) => to.startsWith(open))))
        .map((to) => `${from} → ${to}`),
    )
    expect(crossings).toEqual([])
  })

  it('`./testing` reaches no builtin module, but for what it loads ahead: no network, no files', () => {
    const reached = [
      ...reachableFrom(
        only((file) => file !== LOAD_AHEAD),
        'testing/index.ts',
      ),
    ]
    expect(reached.length).toBeGreaterThan(10)
    expect(reached.filter((name) => !imports.has(name))).toEqual([])
  })

  it('`./testing` loads ahead every part that a call of the library loads, and zod, undici and ws alone are left out', () => {
    const lazyParts = [...library]
      .filter(([file, all]) => all.includes('errors/part.ts') && !LOADED_WITH_DEPENDENCIES.includes(file))
      .flatMap(([, all]) => all.filter((to) => to !== 'errors/part.ts'))
    expect([...library].flatMap(([file, all]) => (all.includes('core/lazy.ts') ? file : []))).toEqual([
      'errors/part.ts',
    ])
    expect(lazyParts.length).toBeGreaterThan(1)
    expect(imports.get(LOAD_AHEAD)).toEqual(expect.arrayContaining(lazyParts))
  })

  it('the source imports the dependencies of the package, all of them and no others', () => {
    const packages = [...imports.values()]
      .flat()
      .filter((name) => !name.endsWith('.ts') && !name.startsWith('node:'))
      .map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] as string)
    const { dependencies, peerDependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      dependencies: object
      peerDependencies: object
    }
    const declared = Object.keys({ ...dependencies, ...peerDependencies }).filter(
      (name) => !GIVEN_BY_USERS.includes(name),
    )
    expect([...new Set(packages)].sort()).toEqual(declared.sort())
  })

  it('`.` reaches no entry that stands above it, and no optional package', () => {
    const reached = [...reachableFrom(imports, 'index.ts')]
    expect(reached.length).toBeGreaterThan(50)
    expect(reached.filter((name) => /^(?:@opentelemetry|opentelemetry|timeline|fleet)\//.test(name))).toEqual([])
  })
})

describe('the check itself', () => {
  const graph = (edges: Record<string, string[]>): ImportGraph => new Map(Object.entries(edges))

  it('sees an import that points up, and one from or to a folder without a place', () => {
    const bad = graph({
      'core/clock.ts': ['errors/errors.ts'],
      'errors/errors.ts': ['core/clock.ts', 'extra/x.ts'],
      'extra/x.ts': ['core/clock.ts'],
    })
    expect(importsAgainstOrder(bad, ORDER)).toEqual([
      'core/clock.ts → errors/errors.ts',
      'errors/errors.ts → extra/x.ts',
      'extra/x.ts → core/clock.ts',
    ])
  })

  it('sees a circle of two and of three', () => {
    expect(circles(graph({ a: ['b'], b: ['a'] }))).toEqual(['a → b → a'])
    expect(circles(graph({ a: ['b'], b: ['c'], c: ['b', 'a'] }))).toEqual(['b → c → b', 'a → b → c → a'])
    expect(circles(graph({ a: ['b', 'c'], b: ['d'], c: ['d'], d: [] }))).toEqual([])
  })

  it('sees type imports, re-exports, and `import()`', () => {
    expect(imports.get('responses/schema/load-checks.ts')).toContain('responses/schema/validate.ts')
    expect(imports.get('telemetry/emitter.ts')).toContain('telemetry/events.ts')
    expect(imports.get('index.ts')).toContain('transport/transport.ts')
  })
})
