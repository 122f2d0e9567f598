import {
  type AttemptRecord,
  findResilientError,
  ResilientClient,
  type ResilientClientOptions,
  type TelemetryEvent,
} from '../src/index.ts'
import type { CallResult, Contestant } from './contestant.ts'
import { type Answer, readAnswer } from './reading.ts'
import { TraceRecorder } from './trace.ts'

/** Calls through a `ResilientClient`. The timeline is drawn from its telemetry. */
export function resilient(options: {
  /** The title of its column. */
  readonly name: string
  readonly client: ResilientClientOptions & { readonly baseURL: string }
  /** The body of a call, and additional headers. */
  request(call: number): { readonly body: object; readonly headers?: Readonly<Record<string, string>> }
  isWhole(call: number, answer: Answer): boolean
  now(): number
}): Contestant {
  const client = new ResilientClient(options.client)
  const url = `${options.client.baseURL.replace(/\/+$/, '')}/responses`
  return {
    name: options.name,
    async call(call, signal): Promise<CallResult> {
      const telemetry = new CallTelemetry()
      const startedAt = options.now()
      const { body, headers } = options.request(call)
      const done = (outcome: CallResult['outcome'], error?: string): CallResult => ({
        call,
        outcome,
        hung: telemetry.hung || outcome === 'unfinished',
        error,
        trace: telemetry.trace.end(options.now() - startedAt),
      })
      try {
        const view = client.withOptions({ onEvent: (event) => telemetry.told(event) })
        const response = await view.fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify(body),
          signal,
        })
        if (!response.ok) return done('failed', `status ${response.status}: ${excerpt(await response.text())}`)
        const answer = await readAnswer(response, () => {})
        return done(options.isWhole(call, answer) ? 'succeeded' : 'cut_short')
      } catch (error) {
        if (signal.aborted) return done('unfinished', 'not finished in the time of the demo')
        return done('failed', (findResilientError(error) ?? (error as Error)).message)
      }
    },
    close: () => client.close(),
  }
}

/** Makes a trace from the telemetry of one call. */
class CallTelemetry {
  readonly trace = new TraceRecorder()
  hung = false

  told(event: TelemetryEvent): void {
    switch (event.type) {
      case 'hedge_start':
        this.trace.hedge(event.atMs)
        break
      case 'attempt_start':
        this.trace.attempt(event.atMs, 'connect')
        break
      case 'attempt_connected':
        this.trace.enter('wait', event.atMs)
        break
      case 'attempt_first_event':
        this.trace.enter('stream', event.atMs)
        break
      case 'attempt_end':
        this.hung ||= event.record.code === 'stale_timeout'
        if (event.record.code !== undefined) this.trace.cut(reasonOf(event.record), event.atMs)
        break
      case 'retry_decision':
        if (event.decision.retry && event.decision.delayMs > 0) this.trace.enter('back_off', event.atMs)
        break
    }
  }
}

function reasonOf({ code, deadline, status }: AttemptRecord): string {
  if (deadline !== undefined) return `${code} ${Math.round(deadline.ms / 1000)} s`
  return code === 'http_status' ? `status ${status}` : (code ?? 'failed')
}

/** The message of the endpoint, on one line. */
function excerpt(body: string): string {
  let message: unknown
  try {
    message = JSON.parse(body).error?.message
  } catch {
    // Not JSON: the beginning of the text is used.
  }
  return (typeof message === 'string' ? message : body).replace(/\s+/g, ' ').slice(0, 160)
}
