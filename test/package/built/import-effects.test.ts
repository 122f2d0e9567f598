import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, inject, it } from 'vitest'
import { ENTRIES } from '../../../scripts/api-listing.ts'
import { RawServer } from '../../support/raw-server.ts'

const run = promisify(execFile)

/** zod keeps its settings and its registry there, one for all copies of zod in a process. Nothing else is forgiven. */
const KEYS_OF_ZOD = ['__zod_globalConfig', '__zod_globalRegistry']

const ENTRY_NAMES = Object.values(ENTRIES).map(({ specifier }) => specifier)

interface Effects {
  /** What is different afterwards. */
  readonly changed: string[]
  readonly warnings: string[]
}

/** Runs `code` in a new process between two looks at everything global that an import could touch. */
async function effectsOf(code: string): Promise<Effects> {
  const script = `
    const warnings = []
    process.on('warning', (warning) => warnings.push(String(warning)))
    const DISPATCHERS = [1, 2].map((n) => Symbol.for('undici.globalDispatcher.' + n))
    const builtins = ['fetch', 'Response', 'Request', 'Headers', 'FormData', 'WebSocket', 'EventSource', 'setTimeout',
      'setInterval', 'setImmediate', 'queueMicrotask', 'Promise', 'Symbol', 'Error', 'process', 'performance']
    // Some of them are made when they are first asked for, and the built-in fetch sets its own dispatcher by then.
    for (const name of builtins) globalThis[name]
    const look = () => ({
      keys: Reflect.ownKeys(globalThis).map(String).filter((key) => !${JSON.stringify(KEYS_OF_ZOD)}.includes(key)).sort(),
      values: builtins.map((name) => globalThis[name]),
      dispatchers: DISPATCHERS.map((symbol) => globalThis[symbol]),
      listeners: process.eventNames().map((name) => String(name) + ' ' + process.listenerCount(name)).sort(),
      resources: process.getActiveResourcesInfo().filter((name) => !/Pipe|TTY|FSReq|CloseReq/.test(name)).sort(),
      env: JSON.stringify(process.env),
      prototypes: [Object, Array, Promise, Error, Function].map((each) => Reflect.ownKeys(each.prototype).length),
      stackTraceLimit: Error.stackTraceLimit,
      prepareStackTrace: Error.prepareStackTrace,
    })
    const before = look()
    ${code}
    const after = look()
    const same = (a, b) => a === b || (Array.isArray(a) && a.length === b.length && a.every((one, i) => one === b[i]))
    const changed = Object.keys(before).filter((name) => !same(before[name], after[name]))
    await new Promise((resolve) => setImmediate(resolve))
    process.stdout.write(JSON.stringify({ changed, warnings }))
  `
  const args = ['--input-type=module', '-e', script]
  const { stdout } = await run(process.execPath, args, { cwd: inject('consumerFolder') })
  return JSON.parse(stdout) as Effects
}

describe('importing the package', () => {
  it.each(ENTRY_NAMES)('changes nothing global: %s', async (specifier) => {
    expect(await effectsOf(`await import('${specifier}')`)).toEqual({ changed: [], warnings: [] })
  })

  it.each([
    ['', []],
    ["globalThis[Symbol.for('undici.globalDispatcher.1')] = new (require('undici').Agent)()", [1]],
  ])('gives the built-in fetch no dispatcher of the undici it depends on (seen after `%s`)', async (code, expected) => {
    const script = `
      import { createRequire } from 'node:module'
      const require = createRequire(process.cwd() + '/')
      await import('resilient-responses')
      ${code}
      const Dispatcher = require('undici/lib/dispatcher/dispatcher.js')
      const foreign = [1, 2].filter((n) => globalThis[Symbol.for('undici.globalDispatcher.' + n)] instanceof Dispatcher)
      process.stdout.write(JSON.stringify(foreign))`
    const args = ['--input-type=module', '-e', script]
    const { stdout } = await run(process.execPath, args, { cwd: inject('consumerFolder') })
    // Importing undici whole, for the counter-example, may set both.
    expect(JSON.parse(stdout)).toEqual(code === '' ? expected : expect.arrayContaining(expected))
  })

  it('nor does building a client', async () => {
    const code = "new (await import('resilient-responses')).ResilientClient()"
    expect(await effectsOf(code)).toEqual({ changed: [], warnings: [] })
  })

  it.each([
    ['and closing the client', 'await client.close()'],
    // What an idle client keeps does not keep the process.
    ['and leaving the client open', ''],
  ])('nor does making a call, %s', async (_what, then) => {
    await using server = await RawServer.answering((_request, connection) => connection.answer('ok'))
    const code = `
      const { ResilientClient } = await import('resilient-responses')
      const client = new ResilientClient()
      for (let i = 0; i < 2; i++) await (await client.fetch('${server.url}/v1/models')).text()
      ${then}
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))`
    expect(await effectsOf(code)).toEqual({ changed: [], warnings: [] })
    expect(server.connections).toHaveLength(1)
  })

  it.each([
    ['keys', 'globalThis.leaked = 1'],
    ['values', 'globalThis.fetch = () => {}'],
    ['dispatchers', "globalThis[Symbol.for('undici.globalDispatcher.1')] = {}"],
    ['listeners', "process.on('exit', () => {})"],
    ['resources', 'setTimeout(() => {}, 10)'],
    ['env', "process.env.LEAKED = '1'"],
    ['prototypes', 'Array.prototype.leaked = 1'],
    ['prepareStackTrace', 'Error.prepareStackTrace = () => {}'],
  ])('would be seen to change %s', async (name, code) => {
    expect((await effectsOf(code)).changed).toContain(name)
  })

  it('would be seen to warn', async () => {
    expect((await effectsOf("process.emitWarning('careful')")).warnings).toEqual(['Warning: careful'])
  })

  // Parts of Node that take long to load, and that most programs never use: see src/core/builtins.ts.
  const HEAVY = [
    'zlib',
    'https',
    'internal/blocklist',
    'internal/util/parse_args/parse_args',
    'internal/deps/undici/undici',
  ]
  const loadedBy = async (code: string): Promise<unknown> => {
    const script = `
      ${code}
      const loaded = new Set(process.moduleLoadList.map((one) => one.replace('NativeModule ', '')))
      process.stdout.write(JSON.stringify(${JSON.stringify(HEAVY)}.filter((name) => loaded.has(name))))`
    const args = ['--input-type=module', '-e', script]
    return JSON.parse((await run(process.execPath, args, { cwd: inject('consumerFolder') })).stdout)
  }

  it('loads nothing of Node that only few programs need', async () => {
    expect(await loadedBy("new (await import('resilient-responses')).ResilientClient()")).toEqual([])
  })

  it('would be seen to load more', async () => {
    const code =
      "await import('node:zlib'); await import('node:net'); await import('node:util'); await import('node:https')"
    expect(await loadedBy(code)).toEqual(expect.arrayContaining(HEAVY.slice(0, 4)))
  })
})
