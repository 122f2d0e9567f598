import type { TelemetryEvent } from '../../src/index.ts'
import type { Outcome } from './caller.ts'

/** An event in a few words, for the timeline. */
export function describeEvent(event: TelemetryEvent): string {
  switch (event.type) {
    case 'retry_decision': {
      const { decision } = event
      const what = decision.retry
        ? `retry in ${decision.delayMs} ms (${decision.lane})`
        : `no retry: ${decision.reason}`
      return `attempt ${event.attempt} failed with ${event.code}: ${what}${decision.retry && decision.transparent ? ', free' : ''}`
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
