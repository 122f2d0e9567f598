import { runSchedule } from './run-seed.ts'
import type { Schedule } from './schedule.ts'

/** What a world does, line by line, under the plan that makes it do so. */
export async function timelineOf(schedule: Schedule): Promise<string> {
  const lines: string[] = []
  await runSchedule(schedule, (at, what) => lines.push(`${String(Math.round(at)).padStart(9)} ms  ${what}`))
  return `${describePlan(schedule)}\n${folded(lines).join('\n')}`
}

function describePlan({ calls, ...rest }: Schedule): string {
  const { seed, client, views, endpoints, stalls, wallJumps, end, reorder } = rest
  const parts = { client, views, endpoints, stalls, wallJumps, end, reorder }
  const head = Object.entries(parts).map(([name, value]) => `  ${name}: ${JSON.stringify(value)}`)
  const bodies = calls.flatMap(({ attempts, ...call }) => [
    `  call ${JSON.stringify(call)}`,
    ...attempts.map((attempt, index) => `    request ${index}: ${JSON.stringify(attempt)}`),
  ])
  return [`seed ${seed}`, ...head, ...bodies].join('\n')
}

/** The same line again and again says no more than once. */
function folded(lines: readonly string[]): string[] {
  const out: string[] = []
  let repeated = 0
  for (const line of lines) {
    if (line === out.at(-1)) {
      repeated++
      continue
    }
    if (repeated > 0) out.push(`${' '.repeat(14)}(${repeated} more of these)`)
    repeated = 0
    out.push(line)
  }
  return out
}
