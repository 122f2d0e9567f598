import { AsyncLocalStorage } from 'node:async_hooks'
import type { TelemetryEvent } from '../telemetry/events.ts'

const current = new AsyncLocalStorage<CallFacts>()

/** Keeps a line of the log short where a program sets many retries. */
const MOST_FAILURES = 50

/** Facts about one call of the sidecar, from the telemetry of the client. */
export class CallFacts {
  attempts = 0
  model: string | undefined
  /** Why the last attempt failed. */
  code: string | undefined
  /** Why attempts failed, one code each. */
  readonly failures: string[] = []
  /** The call has failed, also where its answer came as a stream with status 200. */
  hasFailed = false

  /** Runs the function that makes the call. Telemetry of that call is recorded here. */
  during<T>(act: () => T): T {
    return current.run(this, act)
  }
}

/** A listener for the telemetry of the client. Finds the call of the sidecar that an event belongs to. */
export class CallFactsListener {
  readonly #byCall = new Map<number, CallFacts>()

  readonly onEvent = (event: TelemetryEvent): void => {
    if (event.type === 'call_start') {
      const facts = current.getStore()
      if (facts === undefined) return
      facts.model = event.model
      this.#byCall.set(event.callId, facts)
      return
    }
    if (event.type !== 'attempt_start' && event.type !== 'attempt_end' && event.type !== 'call_end') return
    const facts = this.#byCall.get(event.callId)
    if (facts === undefined) return
    switch (event.type) {
      case 'attempt_start':
        facts.attempts++
        return
      case 'attempt_end':
        facts.code = event.record.code
        if (facts.code !== undefined && facts.failures.length < MOST_FAILURES) facts.failures.push(facts.code)
        return
      case 'call_end':
        facts.hasFailed = event.outcome === 'failed'
        this.#byCall.delete(event.callId)
    }
  }
}
