import { writeFileSync } from 'node:fs'
import type { Clock, ResilientClientOptions } from '../src/index.ts'
import { seededRandom } from '../src/testing/index.ts'
import type { MockResponsesServer } from '../src/testing/server.ts'
import type { Command } from './arguments.ts'
import { type CallResult, type Contestant, runCalls } from './contestant.ts'
import { answerTo, startEndpoint } from './endpoint.ts'
import { openaiSdk, PATIENCE_MS } from './openai-sdk.ts'
import { plainFetch, TRIES, WALL_CLOCK_MS } from './plain-fetch.ts'
import { showProgress } from './progress.ts'
import type { Answer } from './reading.ts'
import { resilient } from './resilient.ts'
import { drawResults, type Row } from './results.ts'
import { measureLag, scaledClock, sleep } from './scaled-clock.ts'
import { drawFates, type Fate, MISBEHAVIOURS } from './scenario.ts'
import { drawSvg } from './svg.ts'
import { commonCalls, drawTable, type Tally } from './table.ts'
import { seconds, type Terminal, wrap } from './terminal.ts'

/** A minute takes a second. */
const SPEED = 60
/** Calls that have not ended by then count as unfinished. Milliseconds of real time. */
const TIME_LIMIT_MS = 90_000
/** How long after the last call sockets are counted, in milliseconds of the scaled clock. */
const SETTLE_MS = 15_000
const WORST_CALLS = 4

/** Calls one after another, at full speed, to an endpoint that answers at once. */
const OWN_TIME_CALLS = 100

/** Timers that fire later than this, in milliseconds of the scaled clock, distort the results. */
const BUSY_MS = 300

interface World {
  readonly baseURL: string
  readonly clock: Clock
  readonly speed: number
  readonly seed: number
}

const isWhole = (call: number, { text, complete }: Answer): boolean => complete && text === answerTo(call)

/** In the order of their columns: two without this library, two with it. */
const CONTESTANTS: ReadonlyArray<(world: World) => Contestant> = [
  (world) => plainFetch({ ...world, isWhole }),
  (world) => openaiSdk({ ...world, isWhole }),
  (world) => ours('ours', world, { hedge: false }),
  (world) => ours('ours+hedge', world, { hedge: true }),
]

function ours(
  name: string,
  { baseURL, clock, seed }: World,
  options: Pick<ResilientClientOptions, 'hedge'>,
): Contestant {
  return resilient({
    name,
    client: { baseURL, clock, random: seededRandom(seed), ...options },
    request: (call) => ({
      body: { model: 'mock', input: `question ${call}`, stream: true },
      headers: { 'x-mock-call': String(call) },
    }),
    isWhole,
    now: () => clock.now(),
  })
}

/** @returns whether every call through the library succeeded. */
export async function runMock(terminal: Terminal, command: Extract<Command, { kind: 'mock' }>): Promise<boolean> {
  const { calls, seed, svg } = command
  const fates = drawFates(calls, seed)
  introduce(terminal, command, fates)
  // First, because this compiles the code: at 60 times the speed compiling would look like minutes.
  const ownMs: number[] = []
  for (const contestantFor of CONTESTANTS) ownMs.push(await ownTimeOf(contestantFor, seed))
  const tallies = await race(terminal, command, fates)
  terminal.print('', ...drawTable(terminal, tallies), ...footnotes(terminal, tallies), '')
  terminal.print(`  ${terminal.paint('bold', 'The calls that had the worst luck')}`, '')
  const worst = worstCalls(tallies, fates)
  terminal.print(...drawResults(terminal, worst), '')
  if (svg !== undefined) {
    writeFileSync(svg, drawSvg(worst, `Calls against an endpoint that misbehaves (seed ${seed})`))
    terminal.print(`  Drawn into ${svg}`, '')
  }

  terminal.print(`  ${terminal.paint('bold', 'The same calls, and nothing goes wrong')}`, '')
  const healthy = await race(
    terminal,
    command,
    Array.from({ length: calls }, () => []),
  )
  const measured = healthy.map((tally, index) => ({ ...tally, ownMs: ownMs[index] }))
  terminal.print('', ...drawTable(terminal, measured), ...healthyFootnotes(terminal), '')
  sayHowToGoOn(terminal)
  return [...tallies, ...healthy]
    .filter(({ name }) => name.startsWith('ours'))
    .every(({ results }) => results.every(({ outcome }) => outcome === 'succeeded'))
}

/** All contestants at the same time, each with its own endpoint. */
async function race(
  terminal: Terminal,
  { calls, concurrency, seed }: Extract<Command, { kind: 'mock' }>,
  fates: readonly Fate[],
): Promise<Tally[]> {
  const clock = scaledClock(SPEED)
  const limit = AbortSignal.timeout(TIME_LIMIT_MS)
  const lanes = await Promise.all(
    CONTESTANTS.map(async (contestantFor) => {
      const server = await startEndpoint(fates, clock)
      const contestant = contestantFor({ baseURL: server.baseURL, clock, speed: SPEED, seed })
      return { name: contestant.name, total: calls, results: [] as CallResult[], server, contestant }
    }),
  )
  const progress = showProgress(terminal, lanes)
  const lag = measureLag()
  const tallies = await Promise.all(
    lanes.map(async ({ results, server, contestant }) => {
      await runCalls(contestant, { calls, concurrency, signal: limit, onResult: (result) => results.push(result) })
      const tally = await tallyOf(contestant, server, results, () => sleep(clock, SETTLE_MS))
      await server.close()
      return tally
    }),
  )
  progress.stop()
  const lateMs = lag.stop() * SPEED
  if (lateMs > BUSY_MS) {
    const text = `This machine is busy: in this run timers fired about ${seconds(lateMs)} late, in every lane. So all times are too long.`
    terminal.print('', ...wrap(text, terminal.width, '  ').map((line) => terminal.paint('yellow', line)))
  }
  return tallies
}

/** The time of a call to an endpoint that answers at once: the work of client and server. Milliseconds. */
async function ownTimeOf(contestantFor: (world: World) => Contestant, seed: number): Promise<number> {
  const clock = scaledClock(1)
  await using server = await startEndpoint([], clock, false)
  const contestant = contestantFor({ baseURL: server.baseURL, clock, speed: 1, seed })
  const { signal } = new AbortController()
  const times: number[] = []
  for (let call = 1; call <= OWN_TIME_CALLS; call++) {
    const startedAt = performance.now()
    await contestant.call(call, signal)
    times.push(performance.now() - startedAt)
  }
  await contestant.close()
  // The median, because the first calls run code that is not compiled yet.
  return times.sort((a, b) => a - b)[OWN_TIME_CALLS / 2] ?? 0
}

async function tallyOf(
  contestant: Contestant,
  server: MockResponsesServer,
  results: readonly CallResult[],
  settle: () => Promise<void>,
): Promise<Tally> {
  await contestant.close()
  await settle()
  const { total, open } = server.stats.connections
  return { name: contestant.name, results, sockets: { opened: total, left: open } }
}

function introduce(
  terminal: Terminal,
  { calls, concurrency, seed }: { calls: number; concurrency: number; seed: number },
  fates: readonly Fate[],
): void {
  const met = fates.flat()
  const dim = (text: string): string[] => wrap(text, terminal.width, '  ').map((line) => terminal.paint('dim', line))
  terminal.print(
    '',
    `  ${terminal.paint('bold', `${calls} calls against an endpoint that misbehaves`)}`,
    ...wrap(
      `${concurrency} at a time. The same call meets the same faults in every lane (seed ${seed}).`,
      terminal.width,
      '  ',
    ),
    '',
    ...MISBEHAVIOURS.map(({ name, share, meaning }) => {
      const percent = `${Math.round(share * 100)} %`
      const times = met.filter((one) => one.name === name).length
      return `  ${percent.padStart(5)}  ${terminal.paint('yellow', name.padEnd(15))}  ${meaning} ${terminal.paint('dim', `(${times})`)}`
    }),
    '',
    ...dim('Time runs 60 times as fast: a minute is a second. All times shown are scaled back.'),
    '',
  )
}

function footnotes(terminal: Terminal, tallies: readonly Tally[]): string[] {
  const same = commonCalls(tallies).size
  return notes(terminal, [
    `* Time until a right answer, of the ${same} calls that every lane has answered right.`,
    `fetch: the built-in one, ${TRIES} tries, back-off of 1 s and 2 s, AbortSignal.timeout of ${WALL_CLOCK_MS / 1000} s a try.`,
    `openai: the SDK with its own 2 retries, timeout of ${WALL_CLOCK_MS / 1000} s a try; the caller gives up after ${PATIENCE_MS / 60_000} minutes.`,
    'ours: every option at its default, except `hedge`: false in one lane, true in the other.',
    `Sockets are counted ${SETTLE_MS / 1000} s after the last call; fetch has nothing to close, the client was closed.`,
  ])
}

function healthyFootnotes(terminal: Terminal): string[] {
  return notes(terminal, [
    'Requests above the number of calls are hedges that were not needed.',
    `The last row is measured at full speed: the median of ${OWN_TIME_CALLS} calls, one after the other, to an endpoint that answers at once.`,
  ])
}

function notes(terminal: Terminal, texts: readonly string[]): string[] {
  return texts.flatMap((text) => wrap(text, terminal.width, '  ')).map((line) => terminal.paint('dim', line))
}

/** The calls with the most faults, chosen so that every kind is shown before one is shown again. */
function worstCalls(tallies: readonly Tally[], fates: readonly Fate[]): Row[] {
  const byLuck = fates
    .map((fate, index) => ({ call: index + 1, met: fate.map(({ name }) => name) }))
    .sort((a, b) => b.met.length - a.met.length || a.call - b.call)
  const seen = new Set<string>()
  const telling = byLuck.filter(({ met }) => {
    const isNew = met.some((name) => !seen.has(name))
    for (const name of met) seen.add(name)
    return isNew
  })
  const chosen = [...new Set([...telling, ...byLuck])].slice(0, WORST_CALLS)
  return chosen.flatMap(({ call, met }) => {
    const heading = `call ${call}  ${met.length === 0 ? 'meets nothing' : `meets: ${met.join(', ')}`}`
    const rows = tallies.flatMap(({ name, results }) => {
      const result = results.find((one) => one.call === call)
      return result === undefined ? [] : [{ name, result }]
    })
    return rows.map((row, index) => (index === 0 ? { ...row, heading } : row))
  })
}

function sayHowToGoOn(terminal: Terminal): void {
  terminal.print(
    '  Point it at a real endpoint:',
    '',
    `  ${terminal.paint('cyan', 'OPENAI_API_KEY=… npm run demo -- --base-url https://api.openai.com/v1 \\')}`,
    `    ${terminal.paint('cyan', '--model … --calls 5')}`,
    '',
  )
}
