import { isDeepStrictEqual } from 'node:util'
import type { JsonObject } from '../../../src/testing/index.ts'
import type { MockRequest, MockResponsesServer } from '../../../src/testing/server.ts'
import type { AgentTurn } from '../agent.ts'
import { TURNS } from '../conversation.ts'
import { previousIdOf, turnOf } from '../endpoint.ts'
import type { ConnectionLoss } from './losses.ts'

/** What a turn has uploaded, as the endpoint counted it. Bytes of bodies and messages, without headers and framing. */
export interface UploadFigures {
  readonly turn: number
  /** Bytes of the first request. */
  readonly first: number
  /** Bytes of the requests after a loss. */
  readonly again: number
  /** Input tokens of all requests as they were sent, not as they are billed. */
  readonly tokens: number
  /** Requests that reached the endpoint. */
  readonly attempts: number
  /** Those of them that carried the whole history. */
  readonly whole: number
  /** The errors that the agent got instead of an answer. */
  readonly errors: readonly string[]
  readonly answered: boolean
  /** Whether the turn met a loss. */
  readonly lost: boolean
  /** Whether the model was given the whole conversation, and nothing else, when it answered. */
  readonly informed: boolean
}

export type UploadTotals = Readonly<Record<'first' | 'again' | 'tokens' | 'attempts' | 'errors', number>>

export interface Watched {
  readonly losses: readonly ConnectionLoss[]
  readonly seen: readonly AgentTurn[]
  /** The conversation in each turn, as the agent knows it. */
  readonly histories: ReadonlyMap<number, readonly JsonObject[]>
}

export function measureUploads(
  server: Pick<MockResponsesServer, 'requests' | 'appliedFaults' | 'contextOf'>,
  { losses, seen, histories }: Watched,
): UploadFigures[] {
  return Array.from({ length: TURNS }, (_, index) => {
    const turn = index + 1
    const requests = server.requests.filter((request) => turnOf(request) === turn)
    const agent = seen.find((one) => one.turn === turn)
    const loss = losses.find((one) => one.turn === turn)
    const [first = 0, ...later] = requests.map(({ body }) => body.length)
    const last = requests.at(-1)
    return {
      turn,
      first,
      again: sumOf(later),
      tokens: sumOf(requests.map(({ inputTokens }) => inputTokens)),
      attempts: requests.length,
      whole: requests.filter((request) => previousIdOf(request) === undefined).length,
      errors: agent?.errors ?? ['never came to it'],
      answered: agent?.answered ?? false,
      lost: loss !== undefined && hasStruck(server, loss, requests),
      informed: last !== undefined && isDeepStrictEqual(server.contextOf(last), histories.get(turn)),
    }
  })
}

export function uploadTotals(turns: readonly UploadFigures[]): UploadTotals {
  return {
    first: sumOf(turns.map(({ first }) => first)),
    again: sumOf(turns.map(({ again }) => again)),
    tokens: sumOf(turns.map(({ tokens }) => tokens)),
    attempts: sumOf(turns.map(({ attempts }) => attempts)),
    errors: sumOf(turns.map(({ errors }) => errors.length)),
  }
}

/** All bytes of all turns. */
export function bytesOf(turns: readonly UploadFigures[]): number {
  const { first, again } = uploadTotals(turns)
  return first + again
}

function hasStruck(
  { appliedFaults }: Pick<MockResponsesServer, 'appliedFaults'>,
  { fault }: ConnectionLoss,
  requests: readonly MockRequest[],
): boolean {
  return appliedFaults.some((applied) => applied.fault === fault && requests.includes(applied.request as MockRequest))
}

function sumOf(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
