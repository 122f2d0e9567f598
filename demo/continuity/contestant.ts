import type { JsonObject } from '../../src/testing/index.ts'

/** The body of one turn, without `stream`. */
export interface TurnRequest {
  readonly model: string
  readonly instructions: string
  readonly tools: readonly JsonObject[]
  readonly input: readonly JsonObject[]
  /** Left out where the whole history is in `input`. */
  readonly previous_response_id?: string
  readonly store: true
}

/** What the model said in a turn. */
export interface Answer {
  readonly id: string
  readonly output: readonly JsonObject[]
}

/** Someone through whom the agent asks. What it does about failures on its own is what makes the difference. */
export interface Contestant {
  readonly name: string
  /**
   * Asks once. Rejects with the error that an agent would see; its `code` is what the agent goes by.
   *
   * @param call the name under which the endpoint knows the turn.
   */
  ask(request: TurnRequest, call: string, signal: AbortSignal): Promise<Answer>
  close(): Promise<void>
}

/** The header by which the endpoint knows the turn. */
export const CALL_HEADER = 'x-mock-call'

/**
 * How long anybody waits for an answer to begin. It stands for the 45 seconds that the client waits by default (and for the
 * ten minutes of the `openai` SDK), so that the silent turns pass in a moment. The one thing that is scaled.
 */
export const GIVE_UP_MS = 1500
