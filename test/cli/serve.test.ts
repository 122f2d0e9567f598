import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { until } from '../support/until.ts'
import { written } from './written.ts'

const BIN = path.resolve(import.meta.dirname, '../../src/cli/bin.ts')

interface Running {
  readonly process: ChildProcessWithoutNullStreams
  readonly exit: Promise<number | null>
  out: string
  err: string
}

let running: Running | undefined
let npx: Npx | undefined
afterEach(() => {
  running?.process.kill('SIGKILL')
  running = undefined
  npx?.killAll()
  npx = undefined
})

function start(...args: string[]): Running {
  const child = spawn(process.execPath, [BIN, ...args])
  const exit = new Promise<number | null>((resolve) => child.on('exit', resolve))
  const started: Running = { process: child, exit, out: '', err: '' }
  child.stdout.on('data', (chunk: Buffer) => {
    started.out += chunk
  })
  child.stderr.on('data', (chunk: Buffer) => {
    started.err += chunk
  })
  running = started
  return started
}

/** A process that runs `serve` through a shell which stays, as npx does with some shells. */
class Npx {
  readonly pid: number
  /** After the last process that has its pipe has ended. */
  readonly over: Promise<void>
  #err = ''

  static async start(): Promise<Npx> {
    const started = new Npx()
    npx = started
    await until(
      () => started.#err.includes('OPENAI_BASE_URL='),
      () => `a greeting: ${started.#err}`,
      20_000,
    )
    return started
  }

  private constructor() {
    const command = `echo shell=$$ >&2; "${process.execPath}" "${BIN}" serve --upstream http://127.0.0.1:1/v1 --port 0; exit $?`
    const script = `require('node:child_process').spawnSync('sh', ['-c', ${JSON.stringify(command)}], { stdio: 'inherit' })`
    const env = { PATH: '/usr/bin:/bin', npm_command: 'exec', npm_lifecycle_script: "'resilient-responses'" }
    // One process group, which a test that fails can end as a whole.
    const child = spawn(process.execPath, ['-e', script], { env, detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
    child.stderr.on('data', (chunk: Buffer) => {
      this.#err += chunk
    })
    this.pid = child.pid as number
    this.over = new Promise((resolve) => child.on('close', () => resolve()))
  }

  killAll(): void {
    try {
      process.kill(-this.pid, 'SIGKILL')
    } catch {
      // All have ended.
    }
  }

  get shell(): number {
    return Number(/shell=(\d+)/.exec(this.#err)?.[1])
  }

  get url(): string {
    return /OPENAI_BASE_URL=(\S+)/.exec(this.#err)?.[1] as string
  }
}

/** Starts `serve`, and tells it to stop while a call is under way, which waits for `upstream.release()`. */
async function stoppedInACall(
  upstream: MockResponsesServer,
  signal: NodeJS.Signals,
  url: string,
  ...flags: string[]
): Promise<{ serve: Running; response: Response }> {
  const serve = start('serve', '--upstream', url, '--port', '0', ...flags)
  await until(
    () => serve.err.includes('OPENAI_BASE_URL='),
    () => `a greeting: ${serve.err}`,
    20_000,
  )
  const base = /OPENAI_BASE_URL=(\S+)/.exec(serve.err)?.[1] as string
  upstream.script([{ at: 'before_event', event: 6, effect: 'stall' }])
  const response = await fetch(`${base}/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer key-secret' },
    body: JSON.stringify({ model: 'gpt-5.2', input: 'prompt-secret', stream: true }),
  })
  await upstream.waitFor('fault')
  serve.process.kill(signal)
  await until(
    () => serve.err.includes('finishing 1 calls'),
    () => `a word about calls under way: ${serve.err}`,
  )
  return { serve, response }
}

describe('resilient-responses serve', () => {
  it('carries calls, logs one line for each, and ends on SIGTERM when the last one has finished', async () => {
    await using upstream = await MockResponsesServer.start()
    const { serve, response } = await stoppedInACall(
      upstream,
      'SIGTERM',
      `${upstream.baseURL}?key=query-secret`,
      '--hedge',
      'false',
    )
    upstream.release()
    expect(await response.text()).toContain('response.completed')
    expect(await serve.exit).toBe(0)
    const lines = serve.out.trim().split('\n')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { id: 1, status: 200, outcome: 'completed', attempts: 1 },
    ])
    expect(serve.out + serve.err).not.toContain('secret')
  })

  it('ends with 1 where a second signal cuts a call off', async () => {
    await using upstream = await MockResponsesServer.start()
    const { serve, response } = await stoppedInACall(upstream, 'SIGTERM', upstream.baseURL, '--quiet')
    serve.process.kill('SIGTERM')
    await expect(response.text()).rejects.toThrow()
    expect(await serve.exit).toBe(1)
    expect(serve.err).toContain('cut off 1 calls')
    expect(serve.out).toBe('')
  })

  it('finishes its calls after a SIGHUP, and after a further one, because a terminal that ends may send two', async () => {
    await using upstream = await MockResponsesServer.start()
    const { serve, response } = await stoppedInACall(upstream, 'SIGHUP', upstream.baseURL)
    serve.process.kill('SIGHUP')
    const { port } = new URL(/OPENAI_BASE_URL=(\S+)/.exec(serve.err)?.[1] as string)
    // The signal comes before a request that is sent after it.
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(503)
    upstream.release()
    expect(await response.text()).toContain('response.completed')
    expect(await serve.exit).toBe(0)
  })

  it.each([
    ['the shell of npx', 'SIGTERM', (npx: Npx) => npx.shell],
    ['npx', 'SIGKILL', (npx: Npx) => npx.pid],
    ['npx', 'SIGHUP', (npx: Npx) => npx.pid],
  ] as const)('ends after %s was ended by %s, because npx passes no signal on', async (_, signal, killed) => {
    const started = await Npx.start()
    process.kill(killed(started), signal)
    await started.over
    await expect(fetch(started.url)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
  })

  it('prints lines for Codex that stand above any table of an existing file', async () => {
    const serve = start('serve', '--upstream', 'http://127.0.0.1:1/v1', '--port', '0')
    await until(
      () => serve.err.includes('in a browser'),
      () => `a greeting: ${serve.err}`,
      20_000,
    )
    serve.process.kill('SIGTERM')
    await serve.exit
    const lines = serve.err.split('\n').map((line) => line.trim())
    expect(lines).toContain('model_provider = "resilient"')
    expect(lines.filter((line) => line.startsWith('['))).toEqual([])
    expect(lines.some((line) => line.startsWith('model_providers.resilient = {'))).toBe(true)
    expect(serve.err).toContain('max_retries=0, timeout=600')
  })

  it('says what is wrong with an option, and ends with 2', async () => {
    expect(await written('serve')).toMatchObject({ code: 2, err: expect.stringContaining('upstream: give either') })
    expect(await written('serve', '--port', 'x')).toMatchObject({ code: 2, err: expect.stringContaining('--port') })
    const misspelt = await written('serve', '--upstream', 'http://127.0.0.1:1/v1', '--ttfb', '5')
    expect(misspelt).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean --ttfb-ms?') })
    const bare = await written('serve', '--upstream', 'api.openai.com')
    expect(bare).toMatchObject({ code: 2, err: expect.stringContaining("'https://api.openai.com/v1'") })
    const open = await written('serve', '--upstream', 'http://127.0.0.1:1/v1', '--host', '0.0.0.0')
    expect(open).toMatchObject({ code: 2, err: expect.stringContaining('--token-env') })
  })

  it('has a help that fits 80 columns', async () => {
    const { code, out } = await written('serve', '--help')
    expect(code).toBe(0)
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(out).toContain('--upstream <url>')
  })
})

describe('resilient-responses', () => {
  it('tells its commands', async () => {
    expect(await written('--help')).toMatchObject({ code: 0, out: expect.stringContaining('serve') })
    expect(await written()).toMatchObject({ code: 2, err: expect.stringContaining('serve') })
    expect(await written('srve')).toMatchObject({ code: 2, err: expect.stringContaining('unknown command "srve"') })
  })
})
