import type { Clock } from '../src/index.ts'
import { Attempts } from './attempts.ts'
import type { CallResult, Contestant } from './contestant.ts'
import { type Answer, readAnswer } from './reading.ts'
import { sleep } from './scaled-clock.ts'

export const TRIES = 3
/** Long enough for a long answer, and therefore too long for a silent endpoint. */
export const WALL_CLOCK_MS = 120_000

/** The built-in `fetch`, three tries, a time limit and a back-off that doubles: what most people write. */
export function plainFetch(options: {
  readonly baseURL: string
  readonly clock: Clock
  readonly speed: number
  isWhole(call: number, answer: Answer): boolean
}): Contestant {
  const { baseURL, clock, speed } = options

  async function post(call: number, stop: AbortSignal, onFirstEvent: () => void): Promise<Answer> {
    const response = await fetch(`${baseURL}/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-mock-call': String(call) },
      body: JSON.stringify({ model: 'mock', input: `question ${call}`, stream: true }),
      signal: AbortSignal.any([AbortSignal.timeout(WALL_CLOCK_MS / speed), stop]),
    })
    if (!response.ok) {
      await response.body?.cancel()
      throw new Error(`status ${response.status}`)
    }
    return readAnswer(response, onFirstEvent)
  }

  return {
    name: 'fetch',
    async call(call, stop): Promise<CallResult> {
      const attempts = new Attempts()
      const startedAt = clock.now()
      const elapsed = (): number => clock.now() - startedAt
      let hung = false
      let error: string | undefined
      const done = (outcome: CallResult['outcome']): CallResult => {
        const durationMs = elapsed()
        return { call, outcome, hung, error, attempts: attempts.ended(durationMs), durationMs }
      }
      for (let attempt = 1; attempt <= TRIES && !stop.aborted; attempt++) {
        attempts.started(elapsed())
        try {
          const answer = await post(call, stop, () => attempts.heard(elapsed()))
          error = undefined
          return done(options.isWhole(call, answer) ? 'succeeded' : 'cut_short')
        } catch (caught) {
          hung ||= caught instanceof DOMException && caught.name === 'TimeoutError'
          error = reasonOf(caught)
          attempts.failed(error, elapsed())
        }
        if (attempt < TRIES) await sleep(clock, 1000 * 2 ** (attempt - 1))
      }
      hung ||= stop.aborted
      return done(stop.aborted ? 'unfinished' : 'failed')
    },
    close: async () => {},
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `wall clock ${WALL_CLOCK_MS / 1000} s`
  const { code } = (error.cause ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : error.message
}
