import { spawn } from 'node:child_process'
import path from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { run } from '../../src/cli/main.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { until } from '../support/until.ts'

const BIN = path.resolve(import.meta.dirname, '../../src/cli/bin.ts')
const QUICK = ['--model', 'gpt-5', '--every', '5ms', '--wait', '1s', '--api-key-env', 'PROBE_KEY']

afterEach(() => vi.unstubAllEnvs())

interface Written {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the command in this process. `stop` gets the function that Ctrl-C would call. */
async function probe(args: readonly string[], stop: (now: () => void) => void = () => {}): Promise<Written> {
  let [out, err] = ['', '']
  const code = await run(['probe', ...args], {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    onStop: (listener) => {
      stop(() => listener(true))
      return () => {}
    },
  })
  return { code, out, err }
}

const STALL = { at: 'headers', effect: 'stall' } as const
/** One call in five is dead on arrival, over either transport. */
const DEADLY = Array.from({ length: 40 }, (_, n) => (n % 5 === 3 ? STALL : ('ok' as const)))

describe('resilient-responses probe', () => {
  it('recommends to hedge where one call in five is dead on arrival, and tells why', async () => {
    vi.stubEnv('PROBE_KEY', 'sk-planted-key')
    await using server = await MockResponsesServer.start()
    server.script(DEADLY)
    const { code, out, err } = await probe(['--base-url', server.baseURL, ...QUICK, '--wait', '3s'])
    expect(out).toMatch(/^calls over HTTP {2}1\d of 20 answered, \d dead: no event within 3\.0 s$/m)
    expect(out).toMatch(/^calls over WebSocket {2}1\d of 20 answered, \d dead: no event within 3\.0 s$/m)
    expect(out).toMatch(
      /\nhedge: true\n {2}8 of 40 calls \(20 %\) got no event within 3\.0 s, while 95 % of the answered\n/,
    )
    expect(out).toContain("'auto'")
    expect(code).toBe(0)
    expect(err).toMatch(/^0 of 40 calls, 0 dead, 0 failed\n10 of 40 calls/)
    expect(server.requests).toHaveLength(40)
    for (const line of out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
    expect(out + err).not.toContain('planted')
  })

  it('recommends nothing against a healthy endpoint', async () => {
    vi.stubEnv('PROBE_KEY', 'sk-test')
    await using server = await MockResponsesServer.start()
    const { code, out } = await probe(['--base-url', server.baseURL, ...QUICK])
    expect(out).toContain('\nNothing to change: the defaults fit.\n')
    expect(out).toMatch(
      /^connections {2}5 opened\n {2}DNS .*\n {2}connect .*ms.*\n\ncalls over HTTP {2}20 of 20 answered\n/m,
    )
    expect(code).toBe(0)
    const transports = server.requests.map(({ transport }) => transport)
    expect(transports.filter((one) => one === 'websocket')).toHaveLength(20)
    for (const { json } of server.requests) expect(json).toMatchObject({ model: 'gpt-5', store: false })
  })

  it('prints JSON for programs', async () => {
    vi.stubEnv('PROBE_KEY', 'sk-test')
    await using server = await MockResponsesServer.start()
    const args = [
      '--base-url',
      `${server.baseURL}?key=planted-query`,
      ...QUICK,
      '--calls',
      '3',
      '--no-websocket',
      '--json',
    ]
    const { code, out } = await probe(args)
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      baseURL: `${server.baseURL}?[redacted]`,
      model: 'gpt-5',
      stopped: false,
      connections: { opened: 5, failed: [] },
      http: { calls: 3, answered: 3, dead: 0, failed: 0, firstEventMs: { p50: expect.any(Number) } },
      recommended: [],
    })
    expect(JSON.parse(out)).not.toHaveProperty('webSocket')
  })

  it('tells what an endpoint refuses, and ends with 1', async () => {
    vi.stubEnv('PROBE_KEY', 'sk-test')
    await using server = await MockResponsesServer.start()
    const body = { error: { code: 'model_not_found', message: 'The model does not exist.\x1b[2J' } }
    server.addFaults({ at: 'headers', effect: 'status', status: 404, body })
    const { code, out } = await probe(['--base-url', server.baseURL, ...QUICK, '--calls', '3', '--no-websocket'])
    expect(out).toMatch(/^calls over HTTP {2}0 of 3 answered, 3 failed$/m)
    expect(out).toMatch(/^ {2}3 × status 404, model_not_found: The model does not exist\..*$/m)
    expect(out).toContain('No call was answered')
    expect(out).not.toContain('\x1b')
    expect(code).toBe(1)
  })

  it('says where an endpoint does not upgrade, and where nothing listens', async () => {
    vi.stubEnv('PROBE_KEY', 'sk-test')
    const server = await MockResponsesServer.start()
    server.addFaults({ at: 'upgrade', effect: 'status', status: 426 })
    const { out } = await probe(['--base-url', server.baseURL, ...QUICK, '--calls', '3'])
    expect(out).toMatch(/^calls over WebSocket {2}the endpoint does not upgrade to WebSocket$/m)
    await server.close()
    const gone = await probe(['--base-url', server.baseURL, ...QUICK, '--calls', '1', '--no-websocket'])
    expect(gone.out).toMatch(/^ {2}failed at connect: ECONNREFUSED$/m)
    expect(gone.code).toBe(1)
  })

  it('is stopped by Ctrl-C at any moment, prints what is known, and ends with 130', async () => {
    vi.stubEnv('PROBE_KEY', 'sk-test')
    await using server = await MockResponsesServer.start()
    server.script(['ok', 'ok', STALL])
    const stopped = probe(
      ['--base-url', server.baseURL, ...QUICK, '--wait', '15m', '--calls', '1000', '--no-websocket'],
      (now) => void server.waitFor('fault').then(now),
    )
    const { code, out } = await stopped
    expect(code).toBe(130)
    expect(out).toMatch(/\(stopped early\)/)
    expect(out).toMatch(/^calls over HTTP {2}\d+ of \d+ answered$/m)
    const before = await probe(['--base-url', server.baseURL, ...QUICK], (now) => now())
    expect(before).toMatchObject({ code: 130, out: expect.stringContaining('No call ended: nothing is known.') })
  })

  it('ends its process on SIGINT, with the result on stdout', async () => {
    await using server = await MockResponsesServer.start()
    server.script(['ok', STALL])
    const args = ['--base-url', server.baseURL, '--model', 'm', '--every', '5ms', '--calls', '2', '--no-websocket']
    const child = spawn(process.execPath, [BIN, 'probe', ...args], { env: { OPENAI_API_KEY: 'sk-test' } })
    let out = ''
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk
    })
    const exit = new Promise((resolve) => child.on('exit', resolve))
    await server.waitFor('fault')
    await until(() => server.requests.length === 2, 'two requests')
    child.kill('SIGINT')
    expect(await exit).toBe(130)
    expect(out).toMatch(/^calls over HTTP {2}1 of 1 answered$/m)
  })

  it('has a help within 80 columns', async () => {
    const { code, out } = await probe(['--help'])
    expect(code).toBe(0)
    for (const line of out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
    for (const flag of ['--base-url', '--model', '--api-key-env', '--calls', '--every', '--wait', '--json', '130'])
      expect(out).toContain(flag)
  })

  it.each<[readonly string[], string]>([
    [[], '--model is required'],
    [
      ['--model', 'm', '--base-url', 'api.openai.com'],
      '--base-url: accepted: an address that begins with https:// or http://.',
    ],
    [['--model', 'm', '--calls', '0'], '--calls: accepted: a whole number from 1 to 1000.'],
    [['--model', 'm', '--wait', 'soon'], '--wait: accepted: milliseconds, or a time such as 45s, up to 15m.'],
    [['--model', 'm', '--api-key-env', 'sk-planted'], '--api-key-env: accepted: the name of an environment variable.'],
    [['--model', 'm', '--api-key-env', 'NOT_SET_AT_ALL'], 'the environment variable NOT_SET_AT_ALL is not set.'],
    [['--model', 'm', '--body', '/no/such.json'], '--body: /no/such.json cannot be read (ENOENT).'],
    [['--key', 'sk-planted'], "Unknown option '--key'"],
  ])('refuses %j with 2', async (args, message) => {
    vi.stubEnv('OPENAI_API_KEY', 'sk-test')
    const { code, err } = await probe(args)
    expect(err).toContain(message)
    expect(err).not.toContain('sk-planted')
    expect(code).toBe(2)
  })
})
