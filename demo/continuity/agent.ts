import type { JsonObject } from '../../src/testing/index.ts'
import type { Answer, Contestant, TurnRequest } from './contestant.ts'
import { INSTRUCTIONS, LAST_WORDS, MODEL, newInput, TOOLS, TURNS, toolCalls } from './conversation.ts'
import { callOf } from './endpoint.ts'

/** How often the agent asks the same thing in one turn before it gives up. */
const TRIES = 3

/** A turn as the agent saw it. */
export interface AgentTurn {
  readonly turn: number
  /** What it was told instead of an answer, in order. */
  readonly errors: readonly string[]
  /** It got the whole answer of the turn in the end. */
  readonly answered: boolean
}

/**
 * The loop of an agent that works with tools, the same for everybody. Each turn goes on with the session of the one before
 * (`previous_response_id`) and sends its new input alone. It assumes what agents commonly do: told that the session is not
 * there (`code: 'previous_response_not_found'`) it begins a new one with all that was said so far; any other error it
 * meets by asking the same again, three times in all.
 */
export async function runAgent(
  contestant: Contestant,
  options: {
    readonly seed: number
    readonly signal: AbortSignal
    onTurn(turn: number, previousId: string | undefined): void
  },
): Promise<AgentTurn[]> {
  const { seed, signal } = options
  const history: JsonObject[] = []
  const turns: AgentTurn[] = []
  let previousId: string | undefined
  for (let turn = 1; turn <= TURNS && !signal.aborted; turn++) {
    const input = newInput(turn, seed)
    history.push(...input)
    options.onTurn(turn, previousId)
    const errors: string[] = []
    const answer = await askUntilAnswered(contestant, { turn, input, history, previousId, signal, errors })
    if (answer !== undefined) {
      history.push(...answer.output)
      previousId = answer.id
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
    readonly previousId: string | undefined
    readonly signal: AbortSignal
    readonly errors: string[]
  },
): Promise<Answer | undefined> {
  const common = { model: MODEL, instructions: INSTRUCTIONS, tools: TOOLS, store: true } as const
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

/** Half an answer can look like a whole one: what was said is compared with what there was to say. */
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
