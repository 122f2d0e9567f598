import { execFile } from 'node:child_process'
import { beforeAll, describe, expect, test } from 'vitest'
import { drawBar } from '../../demo/continuity/bars.ts'
import { BLOW_UP, boundsOf, MOST_IN_ALL, MOST_PER_TURN } from '../../demo/continuity/bounds.ts'
import { drawChart } from '../../demo/continuity/chart.ts'
import { resilient } from '../../demo/continuity/contestants/resilient.ts'
import { newInput, TURNS, toolCalls } from '../../demo/continuity/conversation.ts'
import { callOf, previousIdOf, startEndpoint, turnOf } from '../../demo/continuity/endpoint.ts'
import { drawFigures } from '../../demo/continuity/figures.ts'
import { drawLosses } from '../../demo/continuity/losses.ts'
import { largestTurn, measure, totalsOf } from '../../demo/continuity/measure.ts'
import { type Lane, type Run, runContinuity } from '../../demo/continuity/run.ts'
import type { Terminal } from '../../demo/terminal.ts'
import type { ResilientClient } from '../../src/index.ts'
import type { MockRequest } from '../../src/testing/server.ts'
import { expectNothingLeft } from '../e2e/support/nothing-left.ts'

const DEMO = new URL('../../demo/continuity.ts', import.meta.url).pathname
const SEED = 4
/** Silences and the back-off of the openai SDK are real time. */
const RUN_MS = 90_000

const plain: Terminal = { width: 80, live: false, paint: (_style, text) => text, print: () => {}, redraw: () => {} }

describe('fault 60: 17 turns, and a session lost in every one', () => {
  const losses = drawLosses(SEED)
  const { signal } = new AbortController()
  const requests = new Map<string, readonly MockRequest[]>()
  let run: Run

  beforeAll(async () => {
    run = await runContinuity({
      seed: SEED,
      signal,
      async inspect(name, { server }, contestant) {
        requests.set(name, server.requests)
        if (!('client' in contestant)) return
        server.assertConsumed({ allowMore: true })
        // Of the signal nothing can be said: the others are still at it.
        await expectNothingLeft(contestant.client as ResilientClient, server)
      },
    })
  }, RUN_MS)

  test('every agent loses every session', () => {
    for (const lane of [run.naive, run.openaiSdk, run.resilient]) {
      expect(lane.turns.map(({ lost }) => lost)).toEqual(Array(TURNS).fill(true))
    }
  })

  test('the naive client sends its whole history in every turn, and grows past 50 K tokens', () => {
    const sent = run.naive.turns.map((turn) => turn.sent)
    expect(sent).toEqual([...sent].sort((a, b) => a - b))
    expect(sent.at(-1)).toBeGreaterThan(50_000)
    expect(run.naive.turns.every(({ answered }) => answered)).toBe(true)
  })

  test('the openai SDK alone resends the history where a replica does not know the session, and only there', () => {
    for (const { turn, replica } of losses) {
      const { sent, answered } = run.openaiSdk.turns[turn - 1]!
      expect(sent > MOST_PER_TURN, `turn ${turn}`).toBe(replica)
      expect(answered).toBe(true)
    }
  })

  test('this library sends the new input of each turn and nothing else, retries apart', () => {
    for (const { turn, replica } of losses) {
      const { sent, retried, attempts } = run.resilient.turns[turn - 1]!
      expect(sent).toBeGreaterThanOrEqual(2000)
      expect(sent).toBeLessThanOrEqual(2300)
      expect({ turn, retried, attempts }).toEqual({
        turn,
        retried: replica ? 2 * sent : sent,
        attempts: replica ? 3 : 2,
      })
    }
    expect(largestTurn(run.resilient.turns)).toBeLessThanOrEqual(2500)
    expect(totalsOf(run.resilient.turns).sent).toBeLessThanOrEqual(80_000)
  })

  test('the agent hears of none of it, and has every answer whole', () => {
    expect(run.resilient.turns.map(({ answered, errors }) => ({ answered, errors }))).toEqual(
      Array(TURNS).fill({ answered: true, errors: [] }),
    )
  })

  test('every attempt of a turn is the same, byte by byte, and continues the session of the previous turn', () => {
    const ours = requests.get(run.resilient.name)!
    let answerOfTurnBefore: string | undefined
    for (let turn = 1; turn <= TURNS; turn++) {
      const attempts = ours.filter((request) => turnOf(request) === turn)
      expect(new Set(attempts.map(({ body }) => body.toString())).size).toBe(1)
      expect(previousIdOf(attempts[0]!)).toBe(answerOfTurnBefore)
      answerOfTurnBefore = `resp_${attempts.at(-1)?.number}`
    }
  })

  test('the figures add up to what the endpoints counted', () => {
    for (const { name, turns } of [run.naive, run.openaiSdk, run.resilient]) {
      const { sent, retried, attempts } = totalsOf(turns)
      const counted = requests.get(name)!
      expect(sent + retried).toBe(counted.reduce((sum, { inputTokens }) => sum + inputTokens, 0))
      expect(attempts).toBe(counted.length)
    }
  })

  test('the bounds hold, and would not if the naive client were in our place', () => {
    expect(boundsOf(run).filter(({ holds }) => !holds)).toEqual([])
    const failed = (changed: Partial<Run>) => boundsOf({ ...run, ...changed }).filter(({ holds }) => !holds).length
    expect(failed({ resilient: run.naive })).toBe(3)
    expect(failed({ resilient: run.openaiSdk })).toBe(3)
    expect(failed({ naive: run.resilient })).toBe(1)
    const spared = run.naive.turns.map((turn) => ({ ...turn, lost: turn.turn !== 9 }))
    expect(failed({ naive: { ...run.naive, turns: spared } })).toBe(1)
  })

  test('the chart and the table show the figures of the run within 80 columns', () => {
    const chart = drawChart(plain, run)
    const table = drawFigures(plain, run)
    for (const line of [...chart, ...table]) expect(line.length, line).toBeLessThanOrEqual(80)
    for (const { turn, replica } of losses) {
      const bars = chart.find((line) => line.startsWith(`${String(turn).padStart(6)}  `))!
      const thousands = [run.naive, run.openaiSdk, run.resilient].map(({ turns }) => turns[turn - 1]!.sent / 1000)
      expect(bars.match(/[\d.]+(?= K)/g)).toEqual(thousands.map((value) => value.toFixed(1)))
      expect(bars.includes('+400')).toBe(replica)
    }
    const inAll = table.find((line) => line.includes('in all'))
    expect(inAll).toContain(totalsOf(run.naive.turns).sent.toLocaleString('en-US'))
    expect(inAll).toContain(totalsOf(run.resilient.turns).retried.toLocaleString('en-US'))
  })
})

test('bars are on one scale: eighths of a cell for what was sent, whole cells for what was sent again', () => {
  const bar = (sent: number, retried: number) => drawBar(plain, { solid: sent, shaded: retried }, 1000, 'green')
  expect(bar(3000, 0)).toBe('███')
  expect(bar(2500, 1000)).toBe('██▌░')
  expect(bar(1, 1)).toBe('▏░')
  expect(bar(6000, 3000).length).toBe(3 * bar(2000, 1000).length)
})

test('lanes of other proportions fit, too', () => {
  const lane = (name: string, sent: number): Lane => ({
    name,
    turns: Array.from({ length: TURNS }, (_, index) => ({ ...nothing, turn: index + 1, sent, retried: sent / 3 })),
  })
  for (const [a, b, c] of [
    [1, 1, 1],
    [1e6, 1, 1],
    [10, 10, 99_000],
    [70_000, 2000, 2000],
  ] as const) {
    const run: Run = {
      seed: 1,
      losses: drawLosses(1),
      naive: lane('naive', a),
      openaiSdk: lane('sdk', b),
      resilient: lane('ours', c),
    }
    for (const line of drawChart(plain, run)) expect(line.length, line).toBeLessThanOrEqual(80)
  }
})

const nothing = { turn: 1, sent: 0, retried: 0, attempts: 0, errors: [], answered: true, lost: true }

test('what was sent before in the same turn is a retry; anything else is sent', () => {
  const request = (turn: number, body: string, inputTokens: number) =>
    ({ call: callOf(turn), body: Buffer.from(body), inputTokens }) as MockRequest
  const requests = [
    request(1, 'a', 10),
    request(1, 'a', 10),
    request(1, 'ab', 20),
    request(2, 'a', 10),
    request(1, 'ab', 20),
  ]
  const [first, second, third] = measure({ requests, appliedFaults: [] }, drawLosses(1), [
    { turn: 1, errors: ['reset'], answered: true },
  ])
  expect(first).toMatchObject({ sent: 30, retried: 30, attempts: 4, errors: ['reset'], answered: true, lost: false })
  expect(second).toMatchObject({ sent: 10, retried: 0, attempts: 1, answered: false })
  expect(third).toMatchObject({ sent: 0, attempts: 0, answered: false })
})

test('the losses depend on the seed alone, and go round before the answer, in the prelude and after the commit', () => {
  expect(drawLosses(7)).toEqual(drawLosses(7))
  expect(new Set(Array.from({ length: 20 }, (_, seed) => JSON.stringify(drawLosses(seed)))).size).toBeGreaterThan(10)
  for (let seed = 0; seed < 50; seed++) {
    const losses = drawLosses(seed)
    expect(losses).toHaveLength(TURNS)
    expect(new Set(losses.map(({ place, name }) => `${name} ${place}`)).size).toBe(6)
    for (const place of ['before answer', 'in prelude', 'after commit']) {
      expect(losses.filter((loss) => loss.place === place && loss.replica)).toHaveLength(2)
    }
    expect(losses[0]?.replica).toBe(false)
  }
})

test.each([0, 1, SEED, 999_999])(
  'the new input of a turn is 2 to 2.3 K tokens, the history past 50 K in the end (seed %i)',
  async (seed) => {
    const { server } = await startEndpoint(seed)
    const client = resilient(server.baseURL)
    const { signal } = new AbortController()
    for (const turn of [1, 2, TURNS]) {
      const request = { model: 'm', instructions: '', tools: [], input: newInput(turn, seed), store: true } as const
      await client.ask(request, callOf(turn), signal)
      const { inputTokens } = server.requests.at(-1)!
      // Without instructions and tools, which are always the same.
      expect(inputTokens).toBeGreaterThan(1800)
      expect(inputTokens).toBeLessThan(2300)
    }
    const turns = Array.from({ length: TURNS }, (_, index) => index + 1)
    const history = turns.flatMap((turn) => [...newInput(turn, seed), ...toolCalls(turn, seed)])
    expect(Buffer.byteLength(JSON.stringify(history)) / 4).toBeGreaterThan(BLOW_UP)
    expect(TURNS * 2300).toBeLessThanOrEqual(MOST_IN_ALL)
    await expectNothingLeft(client.client, server, [signal])
    await server.close()
  },
)

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the demo as a reader of the README does, in a process of its own; nothing is inherited. */
function demo(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [DEMO, ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr })
    })
  })
}

test(
  'the demo draws the chart without control characters, ends by itself, and with 0',
  async () => {
    const { code, stdout, stderr } = await demo(['--seed', String(SEED)], { FORCE_COLOR: '1' })
    expect(stderr).toBe('')
    expect(stdout.match(/✓/g)).toHaveLength(5 + 7)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ +17 .*█{3,}.* K .*[▏▎▍▌]░ 2\.\d K$/m)
    expect(stdout).toMatch(/^ +17 +█{3,} \d+ KB +[▏▎▍▌▋▊▉█] \d KB$/m)
    expect(stdout).toMatch(/a silent endpoint is waited\n {2}for at most 1.5 s/)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
    expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f]/)
  },
  RUN_MS,
)

test('a command line that cannot be followed is refused with the reason, and ends with 2', async () => {
  const [colour, seed, help] = await Promise.all([demo(['--colour']), demo(['--seed', 'many']), demo(['--help'])])
  expect(colour).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/'--colour'.*\n.*--help/) })
  expect(seed).toMatchObject({ code: 2, stderr: expect.stringContaining("--seed: 'many' is not a whole number") })
  expect(help).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('--seed <n>') })
})
