import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../scripts/soak/report.ts'

const PROGRAM = fileURLToPath(new URL('../../scripts/soak.ts', import.meta.url))

interface Soaked {
  readonly code: number | null
  readonly outcome: Outcome & { readonly failures: readonly string[] }
}

/** Ends with the test that runs it, also where that is late. */
async function soak(signal: AbortSignal, ...args: readonly string[]): Promise<Soaked> {
  const options = ['--disable-warning=ExperimentalWarning', PROGRAM, '--json', ...args]
  const child = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit'], signal })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, outcome: JSON.parse(output) }
}

// Both programs mostly wait.
describe.concurrent('npm run soak', () => {
  it('makes calls of all kinds for a few seconds, each with one outcome, through a restart; and nothing is left', async ({
    signal,
  }) => {
    // Not for a time alone: on a busy machine the endpoint is away for most of it.
    const args = ['--minutes', '0.1', '--restart-every', '2', '--calls', '8', '--until-ok', '20']
    const { code, outcome } = await soak(signal, ...args)
    expect(outcome.failures).toEqual([])
    expect(code).toBe(0)
    const { calls, outcomes, kinds, violations } = outcome.tally
    const sum = (counts: Record<string, number>) => Object.values(counts).reduce((total, one) => total + one, 0)
    expect([sum(outcomes), sum(kinds), violations]).toEqual([calls, calls, []])
    expect(outcomes.ok).toBeGreaterThanOrEqual(20)
    expect(outcome.restarts).toBeGreaterThan(0)
  }, 120_000)

  it('fails where something was planted that stays, and says what', async ({ signal }) => {
    const { code, outcome } = await soak(signal, '--minutes', '0.05', '--calls', '2', '--leak', 'listeners')
    expect(code).toBe(1)
    expect(outcome.failures).toEqual([expect.stringMatching(/^left at the end: listeners: \d+$/)])
  }, 60_000)
})
