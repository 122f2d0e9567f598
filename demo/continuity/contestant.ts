import type { JsonObject } from '../../src/testing/index.ts'

/** The body of one turn, without `stream`. */
export interface TurnRequest {
  readonly model: string
  readonly instructions: string
  readonly tools: readonly JsonObject[]
  readonly input: readonly JsonObject[]
  /** Left out where the whole history is in `input`. */
  readonly previous_response_id?: string
  readonly store: boolean
}

/** What the model said in a turn. */
export interface Answer {
  readonly id: string
  readonly output: readonly JsonObject[]
}

/** A client of the agent. The contestants differ in how they handle failures. */
export interface Contestant {
  readonly name: string
  /**
   * Sends one request. Rejects with the error that an agent would get; the agent checks its `code`.
   *
   * @param call the name of the turn at the endpoint.
   */
  ask(request: TurnRequest, call: string, signal: AbortSignal): Promise<Answer>
  close(): Promise<void>
}

/** The header that names the turn. */
export const CALL_HEADER = 'x-mock-call'

/**
 * How long a contestant waits for an answer to begin. Stands for the client's default of 45 seconds (and ten minutes of
 * the `openai` SDK), so that silent turns are short. Nothing else is scaled.
 */
export const GIVE_UP_MS = 1500
