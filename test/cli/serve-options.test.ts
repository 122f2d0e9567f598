import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { serveOptions } from '../../src/cli/serve-options.ts'
import { parseBytes, parseDuration } from '../../src/cli/units.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'serve-options-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
  vi.unstubAllEnvs()
})

function config(content: unknown): string {
  const file = path.join(folder, 'config.json')
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}

describe('the options of serve', () => {
  it('come from flags, with units', () => {
    const args = [
      '--upstream',
      'https://x.example/v1',
      '--port',
      '0',
      '--max-body',
      '1MiB',
      '--drain',
      '10m',
      '--ttfb-ms',
      '3s',
    ]
    expect(serveOptions([...args, '--hedge', 'false', '--allow-host', 'a', '--allow-host', 'b']).options).toEqual({
      upstream: 'https://x.example/v1',
      port: 0,
      maxBodyBytes: 1024 ** 2,
      drainMs: 600_000,
      timeouts: { ttfbMs: 3000 },
      hedge: false,
      allowHosts: ['a', 'b'],
    })
  })

  it('come from flags first, then from the environment, then from the file', () => {
    vi.stubEnv('RESILIENT_RESPONSES_MAX_RETRIES', '7')
    vi.stubEnv('RESILIENT_RESPONSES_PORT', '1')
    vi.stubEnv('RESILIENT_RESPONSES_ALLOW_HOST', 'a, b')
    const file = config({ maxRetries: 1, port: 3, holdMs: 5, timeouts: { idleMs: 9, ttfbMs: 8 } })
    expect(serveOptions(['--config', file, '--port', '2', '--idle-ms', '10']).options).toEqual({
      maxRetries: 7,
      port: 2,
      holdMs: 5,
      timeouts: { idleMs: 10, ttfbMs: 8 },
      allowHosts: ['a', 'b'],
    })
  })

  it('have keys by the name of an environment variable alone', () => {
    vi.stubEnv('KEY_OF_THE_TEST', 'sk-1')
    expect(serveOptions(['--api-key-env', 'KEY_OF_THE_TEST']).options).toEqual({ apiKey: 'sk-1' })
    expect(serveOptions(['--config', config({ tokenEnv: 'KEY_OF_THE_TEST' })]).options).toEqual({ token: 'sk-1' })
    expect(() => serveOptions(['--token-env', 'NOT_SET_IN_THE_TEST'])).toThrow('NOT_SET_IN_THE_TEST is not set')
    expect(() => serveOptions(['--api-key-env', 'sk-live-1 oops'])).toThrow('the name of an environment variable')
    expect(() => serveOptions(['--api-key-env', 'sk-live-1 oops'])).not.toThrow('oops')
  })

  it.each([
    [['--port', 'x'], "--port: got 'x'; accepted: a whole number from 0."],
    [['--max-body', '64 parsecs'], '--max-body: got'],
    [['--hedge', 'maybe'], '--hedge: got'],
    [['--what'], '--what'],
    [['extra'], 'extra'],
    [['--config', '/nowhere/at/all.json'], 'cannot be read (ENOENT)'],
  ])('refuses %j', (args, message) => {
    expect(() => serveOptions(args)).toThrow(message)
  })

  it('refuses a file that holds no object, without showing what it holds', () => {
    expect(() => serveOptions(['--config', config('{"apiKey": "sk-secret"')])).toThrow('holds no JSON object')
    expect(() => serveOptions(['--config', config('[1]')])).toThrow('holds no JSON object')
  })

  it('take the key of each endpoint from the variable that the file names', () => {
    vi.stubEnv('KEY_OF_FIRST', 'sk-first')
    const [first, second] = [
      { baseURL: 'https://a.example/v1', apiKeyEnv: 'KEY_OF_FIRST' },
      { baseURL: 'https://b.example/v1' },
    ]
    const { options } = serveOptions(['--config', config({ endpoints: [first, second] })])
    expect(options.endpoints).toEqual([
      { baseURL: 'https://a.example/v1', headers: { authorization: 'Bearer sk-first' } },
      { baseURL: 'https://b.example/v1' },
    ])
    const wrong = config({ endpoints: [{ ...first, apiKeyEnv: 'KEY_OF_NOBODY' }] })
    expect(() => serveOptions(['--config', wrong])).toThrow(
      'endpoints.0.apiKeyEnv: the environment variable KEY_OF_NOBODY is not set.',
    )
  })

  it('have switches, in the environment true or false', () => {
    expect(serveOptions(['--websocket']).options).toEqual({ webSocket: true })
    vi.stubEnv('RESILIENT_RESPONSES_WEBSOCKET', 'false')
    expect(serveOptions([]).options).toEqual({ webSocket: false })
    vi.stubEnv('RESILIENT_RESPONSES_WEBSOCKET', 'maybe')
    expect(() => serveOptions([])).toThrow("--websocket: got 'maybe'; accepted: true or false.")
  })
})

describe('units', () => {
  it('of bytes and of time', () => {
    expect([parseBytes('64MiB'), parseBytes('1.5 kib'), parseBytes('12'), parseBytes('1MB'), parseBytes('')]).toEqual([
      64 * 1024 ** 2,
      1536,
      12,
      undefined,
      undefined,
    ])
    expect([parseDuration('600s'), parseDuration('10m'), parseDuration('250'), parseDuration('-1')]).toEqual([
      600_000,
      600_000,
      250,
      undefined,
    ])
  })
})
