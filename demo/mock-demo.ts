import { seededRandom } from '../src/testing/index.ts'
import type { MockResponsesServer } from '../src/testing/server.ts'
import type { Command } from './arguments.ts'
import { type CallResult, type Contestant, runCalls } from './contestant.ts'
import { answerTo, startEndpoint } from './endpoint.ts'
import { plainFetch, TRIES, WALL_CLOCK_MS } from './plain-fetch.ts'
import { showProgress } from './progress.ts'
import type { Answer } from './reading.ts'
import { resilient } from './resilient.ts'
import { scaledClock, sleep } from './scaled-clock.ts'
import { drawFates, type Fate, MISBEHAVIOURS } from './scenario.ts'
import { drawTable, type Tally } from './table.ts'
import type { Terminal } from './terminal.ts'
import { drawTimeline, type TimelineCall } from './timeline.ts'

/** A minute in a second. */
const SPEED = 60
/** What has come to no end by then is counted as unfinished. Milliseconds on the wall. */
const TIME_LIMIT_MS = 45_000
/** Sockets are counted this long after the last call, in milliseconds of the scaled clock. */
const SETTLE_MS = 15_000
const WORST_CALLS = 5

/** @returns whether every call through the library succeeded. */
export async function runMock(terminal: Terminal, command: Extract<Command, { kind: 'mock' }>): Promise<boolean> {
  const { calls, concurrency, seed } = command
  const fates = drawFates(calls, seed)
  const clock = scaledClock(SPEED)
  const isWhole = (call: number, { text, complete }: Answer): boolean => complete && text === answerTo(call)
  introduce(terminal, command, fates)

  const limit = AbortSignal.timeout(TIME_LIMIT_MS)
  const enter = async (contestantFor: (baseURL: string) => Contestant) => {
    const server = await startEndpoint(fates, clock)
    const contestant = contestantFor(server.baseURL)
    return { name: contestant.name, total: calls, results: [] as CallResult[], server, contestant }
  }
  const lanes = [
    await enter((baseURL) => plainFetch({ baseURL, clock, speed: SPEED, isWhole })),
    await enter((baseURL) =>
      resilient({
        client: { baseURL, clock, random: seededRandom(seed) },
        request: (call) => ({
          body: { model: 'mock', input: `question ${call}`, stream: true },
          headers: { 'x-mock-call': String(call) },
        }),
        isWhole,
        now: () => clock.now(),
      }),
    ),
  ]
  const progress = showProgress(terminal, lanes)
  const tallies = await Promise.all(
    lanes.map(async ({ results, server, contestant }) => {
      await runCalls(contestant, { calls, concurrency, signal: limit, onResult: (result) => results.push(result) })
      const tally = await tallyOf(contestant, server, results, () => sleep(clock, SETTLE_MS))
      await server.close()
      return tally
    }),
  )
  progress.stop()

  terminal.print('', ...drawTable(terminal, tallies), ...footnotes(terminal), '')
  terminal.print(`${terminal.paint('bold', '  The calls that had the worst luck')}`, '')
  terminal.print(...drawTimeline(terminal, worstCalls(tallies, fates)), '')
  sayHowToGoOn(terminal)
  return tallies.at(-1)?.results.every(({ outcome }) => outcome === 'succeeded') ?? false
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
  terminal.print(
    '',
    `  ${terminal.paint('bold', `${calls} calls against an endpoint that misbehaves`)}`,
    `  ${concurrency} at a time. The same call meets the same faults in both lanes (seed ${seed}).`,
    '',
    ...MISBEHAVIOURS.map(({ name, share, meaning }) => {
      const percent = `${Math.round(share * 100)} %`
      const times = met.filter((one) => one.name === name).length
      return `  ${percent.padStart(5)}  ${terminal.paint('yellow', name.padEnd(16))} ${meaning} ${terminal.paint('dim', `(${times} planned)`)}`
    }),
    '',
    terminal.paint(
      'dim',
      '  Time runs 60 times as fast: a minute is a second. All times shown are those of full speed.',
    ),
    '',
  )
}

function footnotes(terminal: Terminal): string[] {
  return [
    `  plain fetch: the built-in one, ${TRIES} tries, back-off of 1 s and 2 s, AbortSignal.timeout of ${WALL_CLOCK_MS / 1000} s.`,
    '  resilient-responses: no option changed from its default.',
    `  Sockets are counted ${SETTLE_MS / 1000} s after the last call; fetch has nothing to close, the client was closed.`,
  ].map((line) => terminal.paint('dim', line))
}

/** Those that met the most, chosen so that every kind of bad luck is seen before one is seen again. */
function worstCalls(tallies: readonly Tally[], fates: readonly Fate[]): TimelineCall[] {
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
  return chosen.map(({ call, met }) => ({
    title: `call ${call}`,
    note: met.length === 0 ? 'meets nothing' : `meets: ${met.join(', ')}`,
    rows: tallies.flatMap(({ name, results }) => {
      const result = results.find((one) => one.call === call)
      return result === undefined ? [] : [{ name: SHORT_NAMES[name] ?? name, result }]
    }),
  }))
}

const SHORT_NAMES: Readonly<Record<string, string>> = { 'plain fetch': 'plain', 'resilient-responses': 'resilient' }

function sayHowToGoOn(terminal: Terminal): void {
  terminal.print(
    '  Point it at a real endpoint:',
    '',
    `  ${terminal.paint('cyan', 'OPENAI_API_KEY=… npm run demo -- --base-url https://api.openai.com/v1 --model … --calls 5')}`,
    '',
  )
}
