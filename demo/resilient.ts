import { findResilientError, ResilientClient, type ResilientClientOptions } from '../src/index.ts'
import { recordCalls } from '../src/timeline/index.ts'
import type { CallResult, Contestant } from './contestant.ts'
import { type Answer, readAnswer } from './reading.ts'

/** Calls through a `ResilientClient`. Each call has a recorder, of which the timeline is drawn. */
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
      const recorder = recordCalls({ max: 1, clock: options.client.clock })
      const startedAt = options.now()
      const { body, headers } = options.request(call)
      const done = (outcome: CallResult['outcome'], error?: string): CallResult => {
        const attempts = recorder.calls()[0]?.attempts ?? []
        const hung = outcome === 'unfinished' || attempts.some(({ code }) => code === 'stale_timeout')
        return { call, outcome, hung, error, attempts, durationMs: options.now() - startedAt }
      }
      try {
        const view = client.withOptions({ instrumentations: [recorder] })
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
