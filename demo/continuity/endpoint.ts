import { type JsonObject, textStream, toolCallStream } from '../../src/testing/index.ts'
import { type Fault, type MockRequest, MockResponsesServer } from '../../src/testing/server.ts'
import { LAST_WORDS, MODEL, TURNS, toolCalls } from './conversation.ts'
import type { Loss } from './losses.ts'

/** An endpoint with the sessions of one agent, which loses one in every turn. */
export interface Endpoint {
  readonly server: MockResponsesServer
  /** Prepares the loss of the session that a turn continues. */
  prepare(loss: Loss, previousId: string | undefined): void
}

export async function startEndpoint(seed: number): Promise<Endpoint> {
  const server = await MockResponsesServer.start({
    // The demo needs no key.
    strict: false,
    seed,
    ttfbMs: 5,
    eventsPerWrite: 64,
    respond: (request) => answer(request, turnOf(request), seed),
  })
  return {
    server,
    prepare({ turn, fault, replica }, previousId) {
      const notFound = replica && previousId !== undefined ? [sessionNotFound(previousId)] : []
      // A new session cannot be lost, and gets its answer.
      const goesOn = (request: MockRequest) => previousIdOf(request) === previousId
      server.script([fault, ...notFound], { when: (request) => turnOf(request) === turn && goesOn(request) })
    },
  }
}

/** The name of a turn in requests. */
export function callOf(turn: number): string {
  return `turn ${turn}`
}

export function turnOf({ call }: MockRequest): number {
  return Number(call?.replace('turn ', ''))
}

/** `undefined` also before the body was read. */
export function previousIdOf({ json }: MockRequest): unknown {
  return (json as { previous_response_id?: unknown } | undefined)?.previous_response_id
}

function answer(request: MockRequest, turn: number, seed: number): readonly JsonObject[] {
  const options = {
    id: `resp_${request.number}`,
    model: MODEL,
    previousResponseId: (previousIdOf(request) as string | undefined) ?? null,
    usage: { inputTokens: request.inputTokens },
  }
  if (turn === TURNS) return textStream({ ...options, text: LAST_WORDS })
  return toolCallStream({ ...options, calls: toolCalls(turn, seed) })
}

/** The exact words of the API. */
function sessionNotFound(id: string): Fault {
  const error = {
    message: `Previous response with id '${id}' not found.`,
    type: 'invalid_request_error',
    param: 'previous_response_id',
    code: 'previous_response_not_found',
  }
  return { at: 'headers', effect: 'status', status: 400, body: { error } }
}
