import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { run } from '../../src/cli/main.ts'

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the command and stops it as soon as it listens. */
async function ran(...args: readonly string[]): Promise<Ran> {
  let [out, err] = ['', '']
  const code = await run(args, {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    onStop: (listener) => {
      queueMicrotask(() => listener(true))
      return () => {}
    },
  })
  return { code, out, err }
}

const serve = (...args: readonly string[]): Promise<Ran> =>
  ran('serve', '--upstream', 'http://127.0.0.1:1/v1', '--port', '0', ...args)

async function withConfig(text: string, ...args: readonly string[]): Promise<Ran> {
  const folder = mkdtempSync(path.join(tmpdir(), 'serve-'))
  try {
    const file = path.join(folder, 'config.json')
    writeFileSync(file, text)
    return await ran('serve', '--port', '0', '--config', file, ...args)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const SENTENCE = /^resilient-responses: .+\.\n$/

describe('an option that serve does not accept is explained in a sentence, with exit code 2', () => {
  it.each([
    'nonsense',
    'api.openai.com/v1',
    'localhost:9000/v1',
    'ftp://x/v1',
    'http://a b/v1',
    'http://',
    '//x',
    ' ',
    '__proto__',
  ])('--upstream %s', async (address) => {
    const { code, err } = await ran('serve', '--port', '0', '--upstream', address)
    expect(err).toMatch(SENTENCE)
    expect(err).toContain('upstream: ')
    expect(code).toBe(2)
  })

  it.each(['x', 'http://a b'])('endpoints with the address %s', async (baseURL) => {
    const { code, err } = await withConfig(JSON.stringify({ endpoints: [{ baseURL }] }))
    expect(err).toMatch(SENTENCE)
    expect(err).toContain('endpoints.0.baseURL: ')
    expect(code).toBe(2)
  })

  it.each(['__proto__', 'constructor', 'toString'])('--token-env and --api-key-env %s', async (name) => {
    for (const flag of ['--token-env', '--api-key-env']) {
      const { code, err } = await serve(flag, name)
      expect(err).toBe(`resilient-responses: ${flag}: the environment variable ${name} is not set.\n`)
      expect(code).toBe(2)
    }
  })

  it.each([
    ['--allow-host', 'http://x/', 'allowHosts.1: got a string of 9 characters; accepted: a host name'],
    ['--allow-origin', 'x', "allowOrigins.1: got 'x'; accepted: an origin, for example"],
  ])('%s %s, by its place in the list', async (flag, value, message) => {
    const good = flag === '--allow-host' ? 'x.example' : 'https://x.example'
    const { code, err } = await serve(flag, good, flag, value)
    expect(err).toContain(message)
    expect(code).toBe(2)
  })

  it.each(['--drain', '--max-body'])('%s with a unit that every object has', async (flag) => {
    const { code, err } = await serve(flag, '5 constructor')
    expect(err).toMatch(/^resilient-responses: --(?:drain|max-body): got .+; accepted: /)
    expect(code).toBe(2)
  })

  it.each([1, null, 'x'])('onCall %j in the file', async (onCall) => {
    const { code, err } = await withConfig(JSON.stringify({ upstream: 'http://127.0.0.1:1/v1', onCall }))
    expect(err).toMatch(/^resilient-responses: onCall: got .+; accepted: a function\.\n$/)
    expect(code).toBe(2)
  })
})

describe('serve accepts', () => {
  it('a file that begins with a byte order mark', async () => {
    expect(await withConfig('\ufeff{"upstream":"http://127.0.0.1:1/v1"}')).toMatchObject({ code: 0 })
  })

  it('--version', async () => {
    expect(await ran('--version')).toEqual({ code: 0, out: `${manifest.version}\n`, err: '' })
  })
})
