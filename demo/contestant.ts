import type { PicturedAttempt } from '../src/picture/activity.ts'

export interface CallResult {
  readonly call: number
  /**
   * - `succeeded`: the whole answer is there;
   * - `cut_short`: the contestant accepted an incomplete answer;
   * - `failed`: it gave up and said so;
   * - `unfinished`: it had not ended when the time of the demo was over.
   */
  readonly outcome: 'succeeded' | 'cut_short' | 'failed' | 'unfinished'
  /** An attempt waited until its time limit. */
  readonly hung: boolean
  readonly error: string | undefined
  readonly attempts: readonly PicturedAttempt[]
  readonly durationMs: number
}

/** A client that makes calls. */
export interface Contestant {
  readonly name: string
  /** Never rejects: a failure is a result. */
  call(number: number, signal: AbortSignal): Promise<CallResult>
  close(): Promise<void>
}

/** Runs calls 1 to `calls`, `concurrency` at a time. */
export async function runCalls(
  contestant: Contestant,
  options: {
    readonly calls: number
    readonly concurrency: number
    readonly signal: AbortSignal
    onResult(result: CallResult): void
  },
): Promise<void> {
  let next = 1
  const worker = async (): Promise<void> => {
    while (next <= options.calls) options.onResult(await contestant.call(next++, options.signal))
  }
  await Promise.all(Array.from({ length: Math.min(options.concurrency, options.calls) }, worker))
}
