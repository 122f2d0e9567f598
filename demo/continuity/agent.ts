import type { JsonObject } from '../../src/testing/index.ts'
import type { Answer, Contestant, TurnRequest } from './contestant.ts'
import { INSTRUCTIONS, LAST_WORDS, MODEL, newInput, TOOLS, TURNS, toolCalls } from './conversation.ts'
import { callOf } from './endpoint.ts'

/** How often the agent sends the same request in one turn before it gives up. */
const TRIES = 3

/** A turn as the agent saw it. */
export interface AgentTurn {
  readonly turn: number
  /** The errors that it got instead of an answer, in order. */
  readonly errors: readonly string[]
  /** Whether it got the whole answer in the end. */
  readonly answered: boolean
}

/**
 * Who keeps the conversation. `'endpoint'`: each turn continues the session of the previous one
 * (`previous_response_id`) and sends only its new input. `'agent'`: each turn sends the whole history with `store:
 * false`.
 */
export type Keeper = 'endpoint' | 'agent'

export interface AgentOptions {
  readonly seed: number
  readonly keeper: Keeper
  readonly signal: AbortSignal
  /** @param history what the model is to know in this turn. */
  onTurn(turn: number, previousId: string | undefined, history: readonly JsonObject[]): void
}

/**
 * The loop of an agent that works with tools, the same for all contestants. It does what agents commonly do: after
 * `code: 'previous_response_not_found'` it starts a new session with the whole history; after any other error it sends
 * the same request again, three times in all.
 */
export async function runAgent(contestant: Contestant, options: AgentOptions): Promise<AgentTurn[]> {
  const { seed, keeper, signal } = options
  const history: JsonObject[] = []
  const turns: AgentTurn[] = []
  let previousId: string | undefined
  for (let turn = 1; turn <= TURNS && !signal.aborted; turn++) {
    const input = newInput(turn, seed)
    history.push(...input)
    options.onTurn(turn, previousId, [...history])
    const errors: string[] = []
    const answer = await askUntilAnswered(contestant, { turn, input, history, keeper, previousId, signal, errors })
    if (answer !== undefined) {
      history.push(...answer.output)
      if (keeper === 'endpoint') previousId = answer.id
    }
    turns.push({ turn, errors, answered: answer !== undefined && isWhole(answer, turn, seed) })
  }
  return turns
}

async function askUntilAnswered(
  contestant: Contestant,
  turn: {
    readonly turn: number
    readonly input: readonly JsonObject[]
    readonly history: readonly JsonObject[]
    readonly keeper: Keeper
    readonly previousId: string | undefined
    readonly signal: AbortSignal
    readonly errors: string[]
  },
): Promise<Answer | undefined> {
  const common = { model: MODEL, instructions: INSTRUCTIONS, tools: TOOLS, store: turn.keeper === 'endpoint' }
  const fromTheBeginning: TurnRequest = { ...common, input: [...turn.history] }
  let request: TurnRequest =
    turn.previousId === undefined
      ? fromTheBeginning
      : { ...common, input: turn.input, previous_response_id: turn.previousId }
  for (let tries = 1; tries <= TRIES && !turn.signal.aborted; tries++) {
    try {
      return await contestant.ask(request, callOf(turn.turn), turn.signal)
    } catch (error) {
      turn.errors.push(reasonOf(error))
      if (codeOf(error) !== 'previous_response_not_found' || request === fromTheBeginning) continue
      request = fromTheBeginning
      tries = 0
    }
  }
  return undefined
}

/** Half an answer can look complete, so the answer is compared with the expected one. */
function isWhole({ output }: Answer, turn: number, seed: number): boolean {
  const said = output.map((item) => (item.type === 'function_call' ? item.arguments : textOf(item)))
  const calls = toolCalls(turn, seed).map((call) => JSON.stringify(call.arguments))
  return said.join('\n') === (calls.length > 0 ? calls.join('\n') : LAST_WORDS)
}

function textOf({ content }: JsonObject): string {
  return ((content ?? []) as { text?: string }[]).map(({ text }) => text ?? '').join('')
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code
}

function reasonOf(error: unknown): string {
  const code = codeOf(error)
  return typeof code === 'string' ? code : error instanceof Error ? error.message : String(error)
}
