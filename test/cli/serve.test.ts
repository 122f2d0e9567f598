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
afterEach(() => {
  running?.process.kill('SIGKILL')
  running = undefined
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

/** Starts `serve`, and tells it to stop while a call is under way, which waits for `upstream.release()`. */
async function stoppedInACall(
  upstream: MockResponsesServer,
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
  serve.process.kill('SIGTERM')
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
    const { serve, response } = await stoppedInACall(upstream, upstream.baseURL, '--quiet')
    serve.process.kill('SIGTERM')
    await expect(response.text()).rejects.toThrow()
    expect(await serve.exit).toBe(1)
    expect(serve.err).toContain('cut off 1 calls')
    expect(serve.out).toBe('')
  })

  it('ends when the npx that started it was killed, because npx passes no signal on', async () => {
    const command = `"${process.execPath}" "${BIN}" serve --upstream http://127.0.0.1:1/v1 --port 0 & wait`
    const child = spawn('sh', ['-c', command], {
      env: { PATH: '/usr/bin:/bin', npm_command: 'exec' },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let err = ''
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk
    })
    // After the last process that has its pipe has ended.
    const over = new Promise((resolve) => child.on('close', resolve))
    await until(
      () => err.includes('OPENAI_BASE_URL='),
      () => `a greeting: ${err}`,
      20_000,
    )
    child.kill('SIGKILL')
    await over
    const base = /OPENAI_BASE_URL=(\S+)/.exec(err)?.[1] as string
    await expect(fetch(base)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
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
