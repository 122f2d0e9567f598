import { execFile } from 'node:child_process'
import { expect, test } from 'vitest'
import { parseCommand, UsageError } from '../../demo/arguments.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'

const DEMO = new URL('../../demo/demo.ts', import.meta.url).pathname

interface Run {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the demo as a reader of the README does, in a process of its own. */
function demo(args: readonly string[], env: Record<string, string> = {}): Promise<Run> {
  return new Promise((resolve) => {
    // Nothing is inherited: neither a key nor a wish for colours.
    execFile(process.execPath, [DEMO, ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr })
    })
  })
}

/** The numbers of a row of the table, one per column. */
function row({ stdout }: Run, label: string): string[] {
  const line = stdout.split('\n').find((candidate) => candidate.trim().startsWith(`${label} `))
  return (
    line
      ?.trim()
      .slice(label.length)
      .trim()
      .split(/\s{2,}/) ?? []
  )
}

test.concurrent('the demo shows four lanes, their timelines, and that every call through the client succeeded', async () => {
  const run = await demo(['--calls', '8', '--seed', '216'], { FORCE_COLOR: '1' })
  expect(run.stderr).toBe('')
  expect(run.code).toBe(0)
  expect(run.stdout).toContain('Time runs 60 times as fast')
  expect(run.stdout).toMatch(/^ +fetch +openai +ours +ours\+hedge$/m)
  expect(row(run, 'right answer').slice(2)).toEqual(['8', '8'])
  expect(row(run, 'failed').slice(2)).toEqual(['0', '0'])
  expect(row(run, 'sat out a wall clock').slice(2)).toEqual(['0', '0'])
  expect(row(run, 'time, p99 *')[2]).toMatch(/^\d+(\.\d)? s$/)
  // What this seed has in store for these calls is seven faults.
  expect(Number(row(run, 'requests')[2])).toBeGreaterThanOrEqual(15)
  expect(row(run, 'sockets left').slice(2)).toEqual(['0', '0'])
  // The reason of at least one cut that was survived, and the bars of a timeline with their legend.
  expect(run.stdout).toMatch(/ttfb_timeout 45 s/)
  expect(run.stdout).toMatch(/ours {2}.*✕.*█.*✓ ok/)
  expect(run.stdout).toMatch(/connect.*wait.*cut.*back off.*hedge[\s\S]*output/)
  expect(run.stdout).toMatch(/nothing goes wrong[\s\S]*client and server, a call( +[\d.]+ ms){4}/)
  expect(run.stdout).toContain('OPENAI_API_KEY=…')
  // What became of the calls adds up in every column.
  const outcomes = ['right answer', 'cut, taken for whole', 'failed', 'unfinished'].map((label) => row(run, label))
  for (const [index, calls] of row(run, 'calls').entries()) {
    expect(outcomes.reduce((sum, cells) => sum + Number(cells[index] ?? 0), 0)).toBe(Number(calls))
  }
  // Without a terminal there are 80 columns and no control characters.
  for (const line of run.stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  expect(run.stdout).not.toMatch(/[\x00-\x09\x0b-\x1f]/)
}, 90_000)

test.concurrent('pointed at a real endpoint, the demo streams from it with the key, and shows what was survived', async () => {
  await using server = await MockResponsesServer.start()
  server.script([
    { at: 'headers', effect: 'reset' },
    { at: 'before_event', event: 2, effect: 'eof' },
  ])
  const run = await demo(['--base-url', `${server.baseURL}/`, '--model', 'some-model', '--calls', '3'], {
    OPENAI_API_KEY: 'sk-of-the-test',
  })
  expect(run.stderr).toBe('')
  expect(run.code).toBe(0)
  expect(row(run, 'right answer')).toEqual(['3'])
  expect(row(run, 'requests')).toEqual(['5'])
  expect(run.stdout).toMatch(/connection_reset|stream_incomplete/)
  expect(run.stdout).toMatch(/call 3 .*█.*✓ ok/)
  expect(`${run.stdout}${run.stderr}`).not.toContain('sk-of-the-test')
  server.assertConsumed({ allowMore: true })
  for (const { headers, json } of server.requests) {
    expect(headers.authorization).toBe('Bearer sk-of-the-test')
    expect(json).toMatchObject({ model: 'some-model', stream: true })
  }
}, 20_000)

test.concurrent('a call that fails makes the demo say why, and end with 1', async () => {
  await using server = await MockResponsesServer.start()
  server.addFaults({ at: 'headers', effect: 'status', status: 401 })
  const run = await demo(['--base-url', server.baseURL, '--model', 'some-model', '--calls', '2'])
  expect(run.code).toBe(1)
  expect(row(run, 'failed')).toEqual(['2'])
  expect(run.stdout).toMatch(/call 1: status 401/)
}, 20_000)

test.concurrent('a command line that cannot be followed is refused with the reason, and ends with 2', async () => {
  const { code, stdout, stderr } = await demo(['--colour'])
  expect(code).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/Unknown option '--colour'.*\n.*--help/)
})

test.each([
  [['--calls', 'many'], "--calls: 'many' is not a whole number from 1 to 1000."],
  [['--calls', '0'], "--calls: '0' is not a whole number from 1 to 1000."],
  [['--calls'], '--calls'],
  [['--base-url', 'api.openai.com', '--model', 'm'], "--base-url: 'api.openai.com' is not an http: or https: address"],
  [['--base-url', 'http://127.0.0.1:1/v1'], '--base-url needs --model'],
  [['--base-url', 'https://127.0.0.1:1/v1', '--model', 'm'], 'OPENAI_API_KEY is not set'],
  [['--base-url', 'http://127.0.0.1:1/v1', '--model', 'm', '--seed', '1'], '--seed is for the mock endpoint'],
  [['--model', 'm'], '--model needs --base-url'],
  [['extra'], 'extra'],
])('the command line %j is refused by name', (args, message) => {
  expect(() => parseCommand(args, {})).toThrow(UsageError)
  expect(() => parseCommand(args, {})).toThrow(message)
})

test.concurrent('--help tells the options and how the demo ends', async () => {
  const { code, stdout } = await demo(['--help'])
  expect(code).toBe(0)
  for (const flag of ['--calls', '--concurrency', '--seed', '--base-url', '--model', '--prompt']) {
    expect(stdout).toContain(flag)
  }
})
