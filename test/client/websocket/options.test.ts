import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { resolveSettings } from '../../../src/client/settings.ts'
import {
  ConfigurationError,
  ResilientClient,
  type ResilientClientOptions,
  undiciTransport,
} from '../../../src/index.ts'
import { invalid } from '../../support/typed.ts'

function refusalOf(options: ResilientClientOptions): ConfigurationError {
  try {
    new ResilientClient(options)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError)
    return error as ConfigurationError
  }
  throw new Error('accepted')
}

/** What is not accepted is no type either. */
const wrong = (webSocket: unknown) => ({ webSocket }) as ResilientClientOptions

describe('webSocket', () => {
  it.each<[string, ResilientClientOptions, string, RegExp]>([
    ['a word', wrong('yes'), 'webSocket', /got 'yes'; accepted: true, false, or an object/],
    ['an unknown field', wrong({ url: 'wss://x.test', maxAge: 5 }), 'webSocket.maxAge', /maxAge/],
    ['a negative pingMs', wrong({ pingMs: -1 }), 'webSocket.pingMs', /got -1; accepted: a number of milliseconds/],
    ['an idleMs that is no number', wrong({ idleMs: '5s' }), 'webSocket.idleMs', /accepted: a number of milliseconds/],
    ['a maxAgeMs that no timer can hold', wrong({ maxAgeMs: 2 ** 31 }), 'webSocket.maxAgeMs', /from 0 \(off\)/],
    ['a fallbackMs that is no number', wrong({ fallbackMs: Number.NaN }), 'webSocket.fallbackMs', /milliseconds/],
    ['a maxMessageBytes of a few bytes', wrong({ maxMessageBytes: 10 }), 'webSocket.maxMessageBytes', /from 1024/],
    ['no socket at all', wrong({ maxSockets: 0 }), 'webSocket.maxSockets', /from 1 to 10000/],
    ['an address of another scheme', wrong({ url: 'ftp://x.test' }), 'webSocket.url', /'ftp:'.*wss: and ws:/],
    ['an address without a scheme', wrong({ url: 'x.test/v1' }), 'webSocket.url', /write 'https:\/\/x\.test\/v1'/],
    [
      'an idleMs that would never fire',
      { webSocket: { idleMs: 60_000, maxAgeMs: 60_000 } },
      'webSocket.idleMs',
      /must be below webSocket\.maxAgeMs \(60000\)/,
    ],
    [
      'a message above what an event may have',
      { webSocket: { maxMessageBytes: 2_000_000 }, limits: { eventBytes: 1_000_000 } },
      'webSocket.maxMessageBytes',
      /must not be above limits\.eventBytes \(1000000\)/,
    ],
    [
      'a transport of the user’s own',
      { webSocket: true, transport: undiciTransport() },
      'webSocket',
      /has no effect beside a transport of your own/,
    ],
    [
      'one address beside several endpoints',
      {
        webSocket: { url: 'wss://x.test/v1/responses' },
        endpoints: [{ baseURL: 'https://a.test/v1' }, { baseURL: 'https://b.test/v1' }],
      },
      'webSocket.url',
      /endpoints several/,
    ],
  ])('refuses %s, and says what is accepted', (_what, options, path, words) => {
    const error = refusalOf(options)
    expect(error.message).toMatch(words)
    expect(error.path).toBe(path)
  })

  it('is refused in a view, which shares the connections of its client', () => {
    const client = new ResilientClient({ webSocket: true })
    expect(() => client.withOptions(invalid({ webSocket: false }))).toThrow(/'webSocket' cannot be changed in a view/)
  })

  it('is off by default, and has the documented values where it is on', () => {
    expect(resolveSettings({}).webSocket).toBeUndefined()
    expect(resolveSettings({ webSocket: false }).webSocket).toBeUndefined()
    expect(resolveSettings({ webSocket: true }).webSocket).toEqual({
      incremental: true,
      url: undefined,
      maxAgeMs: 3_300_000,
      idleMs: 300_000,
      pingMs: 20_000,
      maxMessageBytes: 15 * 1024 * 1024,
      fallbackMs: 600_000,
      maxSockets: 64,
    })
  })

  it('keeps its own bound for messages below limits.eventBytes where it was not given one', () => {
    const { webSocket } = resolveSettings({ webSocket: true, limits: { eventBytes: 50_000 } })
    expect(webSocket?.maxMessageBytes).toBe(50_000)
    expect(resolveSettings({ webSocket: true, limits: { eventBytes: 0 } }).webSocket?.maxMessageBytes).toBe(15_728_640)
  })

  it.each([
    ['wss://x.test/v1/responses', 'https://x.test/v1/responses'],
    ['ws://127.0.0.1:8080/r', 'http://127.0.0.1:8080/r'],
    ['https://x.test/r', 'https://x.test/r'],
  ])('takes the address %s', (url, expected) => {
    expect(resolveSettings({ webSocket: { url } }).webSocket?.url?.href).toBe(expected)
  })
})

describe('a program without webSocket', () => {
  const root = path.resolve(import.meta.dirname, '../../../src')
  const STATIC = /^(?:import|export)\s(?!type\b)[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'/gm

  /** Files and packages that importing a file loads, types aside. */
  function loadedBy(file: string, loaded = new Set<string>()): Set<string> {
    if (loaded.has(file)) return loaded
    loaded.add(file)
    for (const [, from, alone] of readFileSync(path.join(root, file), 'utf8').matchAll(STATIC)) {
      const specifier = (from ?? alone) as string
      if (specifier.startsWith('.')) loadedBy(path.posix.join(path.posix.dirname(file), specifier), loaded)
      else loaded.add(specifier)
    }
    return loaded
  }

  it('loads nothing of it: no file of sockets, and no library for them', () => {
    const loaded = loadedBy('index.ts')
    expect(loaded.size).toBeGreaterThan(50)
    const sockets = readdirSync(path.join(root, 'transport/websocket')).map((file) => `transport/websocket/${file}`)
    const others = ['call/socket-route.ts', 'call/socket-body.ts', 'client/sockets.ts', 'ws']
    expect([...sockets, ...others].filter((name) => loaded.has(name))).toEqual([])
    // They are what the first call of a client with sockets loads.
    expect([...loadedBy('client/sockets.ts')]).toEqual(expect.arrayContaining(['transport/websocket/socket.ts']))
  })
})
