import type { TelemetryEvent } from '../../src/index.ts'
import type { Outcome } from './caller.ts'
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

export function describeEvent(event: TelemetryEvent): string {
  switch (event.type) {
    case 'retry_decision': {
      const { decision } = event
      const what = decision.retry
        ? `retry in ${decision.delayMs} ms (${decision.lane})`
        : `no retry: ${decision.reason}`
      return `attempt ${event.attempt} failed with ${event.code}: ${what}${decision.retry && decision.free ? ', free' : ''}`
    }
    case 'attempt_end': {
      const { outcome, code, phase, deadline } = event.record
      return `attempt ${event.attempt} ends while ${phase}: ${outcome} ${code ?? ''} ${deadline?.source ?? ''}`
    }
    case 'attempt_connected':
      return `attempt ${event.attempt} is connected, generation ${event.generation}${event.reused ? ', reused' : ''}`
    case 'attempt_commit':
      return `attempt ${event.attempt} commits: ${event.reason}`
    case 'call_end':
      return `call_end: ${event.outcome} after ${event.attempts} attempts ${event.code ?? ''}`
    case 'client_created':
    case 'client_poisoned':
    case 'client_evicted':
    case 'client_destroyed':
      return `${event.type}: generation ${event.generation} of ${event.key} ${event.reason ?? ''}`
    default:
      return `${event.type}${'attempt' in event ? ` ${event.attempt}` : ''}`
  }
}

export function describeOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'response': {
      const { id, status } = outcome.response as { readonly id?: string; readonly status?: string }
      return `response ${id} ${status}`
    }
    case 'body':
      return `body of ${outcome.text.length} characters, status ${outcome.status}${outcome.error ? `, then ${told(outcome.error)}` : ''}`
    case 'error':
      return told(outcome.error)
    case 'left':
      return 'the consumer leaves'
  }
}

function told(error: unknown): string {
  const { code, cause } = error as { readonly code?: string; readonly cause?: { readonly code?: string } }
  return `${String(error).slice(0, 160)} [${code ?? cause?.code ?? ''}]`
}
