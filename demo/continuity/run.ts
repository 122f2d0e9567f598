import { type AgentTurn, runAgent } from './agent.ts'
import type { Contestant } from './contestant.ts'
import { naive } from './contestants/naive.ts'
import { openaiSdk } from './contestants/openai-sdk.ts'
import { resilient } from './contestants/resilient.ts'
import { type Endpoint, startEndpoint } from './endpoint.ts'
import { drawLosses, type Loss } from './losses.ts'
import { measure, type TurnFigures } from './measure.ts'

/** The results of one contestant, turn by turn. */
export interface Lane {
  readonly name: string
  readonly turns: readonly TurnFigures[]
}

export interface Run {
  readonly seed: number
  readonly losses: readonly Loss[]
  readonly naive: Lane
  readonly openaiSdk: Lane
  readonly resilient: Lane
}

export interface RunOptions {
  readonly seed: number
  /** Ends a run that hangs. The current turns then count as unanswered. */
  readonly signal: AbortSignal
  onTurn?(name: string, turn: number): void
  /** Called before everything is closed, for tests that check more than the figures. */
  inspect?(name: string, endpoint: Endpoint, contestant: Contestant): void | Promise<void>
}

/** Runs three agents at the same time, each with its own endpoint, which loses the same sessions in the same ways. */
export async function runContinuity(options: RunOptions): Promise<Run> {
  const losses = drawLosses(options.seed)
  const [first, second, third] = await Promise.all(
    [naive, openaiSdk, resilient].map((contestantFor) => runLane(contestantFor, losses, options)),
  )
  return { seed: options.seed, losses, naive: first as Lane, openaiSdk: second as Lane, resilient: third as Lane }
}

async function runLane(
  contestantFor: (baseURL: string) => Contestant,
  losses: readonly Loss[],
  { seed, signal, onTurn, inspect }: RunOptions,
): Promise<Lane> {
  const endpoint = await startEndpoint(seed)
  const contestant = contestantFor(endpoint.server.baseURL)
  const { name } = contestant
  try {
    const seen: AgentTurn[] = await runAgent(contestant, {
      seed,
      keeper: 'endpoint',
      signal,
      onTurn(turn, previousId) {
        endpoint.prepare(losses[turn - 1] as Loss, previousId)
        onTurn?.(name, turn)
      },
    })
    await inspect?.(name, endpoint, contestant)
    return { name, turns: measure(endpoint.server, losses, seen) }
  } finally {
    await contestant.close()
    await endpoint.server.close()
  }
}
