/**
 * `npm run check:codex`: the real Codex CLI against a mock upstream that fails, alone and through the sidecar, side by side.
 * `--only <words>`: the scenarios whose title holds them. `--write`: puts the table into docs/sidecar.md. Exits with 1 where
 * a turn through the sidecar does not end as it has to.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { startSidecar } from '../src/sidecar/index.ts'
import { MockResponsesServer } from '../src/testing/server.ts'
import { CODEX_VERSION, installCodex } from './codex/install.ts'
import { type CodexRun, runCodex } from './codex/run.ts'
import { SCENARIOS, type Scenario } from './codex/scenarios.ts'

/** The cutoffs of this run: short, so that it is over in minutes. */
const TTFB_MS = 3000
const IDLE_MS = 4000
/** A turn that is not over by then hangs. */
const CAP_MS = 20_000
/** Through the sidecar a turn may take one cutoff for each failed request, and this beside. */
const SLACK_S = 2

const { values } = parseArgs({ options: { only: { type: 'string' }, write: { type: 'boolean' } } })
const scenarios = SCENARIOS.filter(({ title }) => title.includes(values.only ?? ''))
const binary = await installCodex()

interface Row {
  readonly scenario: Scenario
  readonly alone: Played
  readonly through: Played
}

interface Played {
  readonly run: CodexRun
  readonly requests: number
  /** The upstream got the request that the scenario is about. */
  readonly isPlayed: boolean
}

const rows: Row[] = []
let wrong = 0
console.log(`Codex CLI ${CODEX_VERSION}; ttfbMs ${TTFB_MS}, idleMs ${IDLE_MS}; a turn hangs after ${CAP_MS / 1000} s\n`)
for (const scenario of scenarios) {
  const row = { scenario, alone: await play(scenario, false), through: await play(scenario, true) }
  rows.push(row)
  const isRight = isAsItHasToBe(row)
  if (!isRight) wrong++
  console.log(`${isRight ? ' ' : '!'} ${scenario.title.padEnd(58)} ${told(row.alone).padEnd(34)} ${told(row.through)}`)
}
console.log(`\n${rows.length - wrong} as they have to be, ${wrong} not`)
if (values.write) writeTable()
process.exitCode = wrong === 0 ? 0 : 1

async function play(scenario: Scenario, throughSidecar: boolean): Promise<Played> {
  const { webSockets } = scenario
  const server = await MockResponsesServer.start({ ...scenario.server, webSocket: webSockets })
  const sidecar = throughSidecar
    ? await startSidecar({
        upstream: server.baseURL,
        port: 0,
        timeouts: { connectMs: TTFB_MS, ttfbMs: TTFB_MS, idleMs: IDLE_MS },
        webSocket: webSockets,
        drainMs: 1,
      })
    : undefined
  try {
    scenario.prepare(server)
    const baseURL = sidecar === undefined ? server.baseURL : `${sidecar.url}/v1`
    const run = await runCodex(binary, { baseURL, capMs: CAP_MS, webSockets, setup: scenario.codex })
    const { needs } = scenario
    return {
      run,
      requests: server.requests.filter(({ path }) => path.endsWith('/responses')).length,
      isPlayed: needs === undefined || server.requests.some(needs),
    }
  } finally {
    await sidecar?.close()
    await server.close()
  }
}

function isAsItHasToBe({ scenario, alone, through }: Row): boolean {
  const { exitCode, seconds } = through.run
  if (!through.isPlayed) return false
  switch (scenario.through) {
    case 'ok': {
      const failures = Math.max(scenario.cutoffs ?? 1, through.requests - 1)
      return exitCode === 0 && seconds <= (failures * Math.max(TTFB_MS, IDLE_MS)) / 1000 + SLACK_S
    }
    case 'refused':
      return exitCode !== 0 && exitCode !== undefined && seconds <= alone.run.seconds + SLACK_S
    case 'fails':
      return exitCode !== 0 && exitCode !== undefined
  }
}

function told({ run, requests }: Played): string {
  const how = run.exitCode === undefined ? '**hangs**' : run.exitCode === 0 ? 'ok' : 'fails'
  const count = requests === 1 ? '1 request' : `${requests} requests`
  return run.exitCode === undefined ? `${how} (${count})` : `${how}, ${run.seconds.toFixed(1)} s (${count})`
}

function writeTable(): void {
  const file = path.resolve(import.meta.dirname, '../docs/sidecar.md')
  const table = [
    '| what happens | Codex alone | through the sidecar |',
    '| --- | --- | --- |',
    ...rows.map(({ scenario, alone, through }) => `| ${scenario.title} | ${told(alone)} | ${told(through)} |`),
  ].join('\n')
  const text = readFileSync(file, 'utf8')
  const written = text.replace(/(<!-- check:codex -->\n).*?(<!-- \/check:codex -->)/s, `$1\n${table}\n\n$2`)
  if (written === text && !text.includes('<!-- check:codex -->'))
    throw new Error('docs/sidecar.md has no place for the table')
  writeFileSync(file, written)
}
