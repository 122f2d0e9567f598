import OpenAI, { APIConnectionTimeoutError, APIError } from 'openai'
import type { Clock } from '../src/index.ts'
import { Attempts } from './attempts.ts'
import type { CallResult, Contestant } from './contestant.ts'
import { WALL_CLOCK_MS } from './plain-fetch.ts'
import type { Answer } from './reading.ts'

/** The SDK never ends a stream that is silent after its headers. After this time the caller gives up. */
export const PATIENCE_MS = 600_000

/** The `openai` SDK on the built-in `fetch`, with its own two retries. */
export function openaiSdk(options: {
  readonly baseURL: string
  readonly clock: Clock
  readonly speed: number
  isWhole(call: number, answer: Answer): boolean
}): Contestant {
  const { baseURL, clock, speed } = options
  return {
    name: 'openai',
    async call(call, stop): Promise<CallResult> {
      const attempts = new Attempts()
      const startedAt = clock.now()
      const elapsed = (): number => clock.now() - startedAt
      const patience = AbortSignal.timeout(PATIENCE_MS / speed)
      let hung = false
      const failed = (why: string): void => attempts.failed(why, elapsed())
      const openai = atSpeed(
        new OpenAI({
          // The environment must not change the result, neither by a key nor by a log setting.
          apiKey: 'sk-demo',
          organization: null,
          project: null,
          baseURL,
          logLevel: 'off',
          timeout: WALL_CLOCK_MS / speed,
          async fetch(url, init) {
            attempts.started(elapsed())
            try {
              const response = await fetch(url, init)
              if (!response.ok) failed(`status ${response.status}`)
              return hintAtSpeed(response, speed)
            } catch (error) {
              const timedOut = init?.signal?.aborted === true && !patience.aborted && !stop.aborted
              hung ||= timedOut
              failed(timedOut ? `wall clock ${WALL_CLOCK_MS / 1000} s` : codeOf(error))
              throw error
            }
          },
        }),
        speed,
      )
      const done = (outcome: CallResult['outcome'], error?: string): CallResult => {
        const durationMs = elapsed()
        return { call, outcome, hung, error, attempts: attempts.ended(durationMs), durationMs }
      }
      try {
        const events = await openai.responses.create(
          { model: 'mock', input: `question ${call}`, stream: true },
          { headers: { 'x-mock-call': String(call) }, signal: AbortSignal.any([patience, stop]) },
        )
        let text = ''
        let complete = false
        for await (const event of events) {
          attempts.heard(elapsed())
          if (event.type === 'response.output_text.delta') text += event.delta
          else if (event.type === 'response.completed') complete = true
        }
        // An aborted stream ends like a finished one.
        if (stop.aborted) return { ...done('unfinished'), hung: true }
        if (patience.aborted) {
          hung = true
          failed(`patience ${PATIENCE_MS / 1000} s`)
          return done('failed', `no event for ${PATIENCE_MS / 1000} s`)
        }
        return done(options.isWhole(call, { text, complete }) ? 'succeeded' : 'cut_short')
      } catch (error) {
        if (stop.aborted) return { ...done('unfinished'), hung: true }
        hung ||= error instanceof APIConnectionTimeoutError || patience.aborted
        const why = error instanceof APIError && error.code ? error.code : codeOf(error)
        if (error instanceof APIError && error.status === undefined && error.code) failed(why)
        return done('failed', why)
      }
    },
    close: async () => {},
  }
}

/** The SDK waits in real time before a retry. Here its wait is shortened by the speed of the clock. */
function atSpeed(openai: OpenAI, speed: number): OpenAI {
  const sdk = openai as unknown as { calculateDefaultRetryTimeoutMillis(left: number, most: number): number }
  const backOff = sdk.calculateDefaultRetryTimeoutMillis.bind(openai)
  sdk.calculateDefaultRetryTimeoutMillis = (left, most) => backOff(left, most) / speed
  return openai
}

/** Shortens the hint of the endpoint in the same way. */
function hintAtSpeed(response: Response, speed: number): Response {
  const wait = response.headers.get('retry-after')
  if (wait === null) return response
  const headers = new Headers(response.headers)
  headers.set('retry-after-ms', String((Number(wait) * 1000) / speed))
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers })
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = (error.cause ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : error.message
}
