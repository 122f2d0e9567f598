import type { MockRequest, MockResponsesServer } from '../../src/testing/server.ts'
import type { AgentTurn } from './agent.ts'
import { turnOf } from './endpoint.ts'
import type { Loss } from './losses.ts'

/** The cost of a turn, as the endpoint counted it. */
export interface TurnFigures {
  readonly turn: number
  /** Input tokens of requests that were sent for the first time. */
  readonly sent: number
  /** Input tokens of requests that were sent before in this turn with the same bytes. */
  readonly retried: number
  /** Requests that reached the endpoint. */
  readonly attempts: number
  /** The errors that the agent got instead of an answer. */
  readonly errors: readonly string[]
  readonly answered: boolean
  /** Whether the turn met its planned loss. */
  readonly lost: boolean
}

export interface Totals {
  readonly sent: number
  readonly retried: number
  readonly attempts: number
  readonly errors: number
}

export function measure(
  server: Pick<MockResponsesServer, 'requests' | 'appliedFaults'>,
  losses: readonly Loss[],
  seen: readonly AgentTurn[],
): TurnFigures[] {
  return losses.map(({ turn, fault }) => {
    const requests = server.requests.filter((request) => turnOf(request) === turn)
    const agent = seen.find((one) => one.turn === turn)
    return {
      turn,
      ...tokensOf(requests),
      attempts: requests.length,
      errors: agent?.errors ?? ['never came to it'],
      answered: agent?.answered ?? false,
      lost: server.appliedFaults.some((applied) => applied.fault === fault && requests.includes(applied.request!)),
    }
  })
}

function tokensOf(requests: readonly MockRequest[]): { sent: number; retried: number } {
  let [sent, retried] = [0, 0]
  for (const [index, { body, inputTokens }] of requests.entries()) {
    if (requests.slice(0, index).some((earlier) => earlier.body.equals(body))) retried += inputTokens
    else sent += inputTokens
  }
  return { sent, retried }
}

export function totalsOf(turns: readonly TurnFigures[]): Totals {
  const sum = (value: (turn: TurnFigures) => number) => turns.reduce((total, turn) => total + value(turn), 0)
  return {
    sent: sum(({ sent }) => sent),
    retried: sum(({ retried }) => retried),
    attempts: sum(({ attempts }) => attempts),
    errors: sum(({ errors }) => errors.length),
  }
}

/** The most new input tokens of one turn. */
export function largestTurn(turns: readonly TurnFigures[]): number {
  return Math.max(...turns.map(({ sent }) => sent))
}
