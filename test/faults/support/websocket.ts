import { expect } from 'vitest'
import { PreviousResponseNotFoundError, type ResilientClientOptions } from '../../../src/index.ts'
import { type JsonObject, textStream } from '../../../src/testing/index.ts'
import { ANSWER_TEXT } from './acts.ts'
import { type Outcome, outcomeOf } from './outcome.ts'
import type { Case } from './row.ts'
import type { SocketStage } from './socket-stage.ts'

/** Events of the answer to the n-th request: an endpoint gives every response an id of its own. */
export function answerTo(request: number): readonly JsonObject[] {
  return textStream({ id: `resp_${request}`, text: ANSWER_TEXT, store: false })
}

export const user = (content: string): JsonObject => ({ role: 'user', content })

/** Items of that answer's output. */
export function outputOf(request: number): readonly JsonObject[] {
  return answerTo(request)
    .filter(({ type }) => type === 'response.output_item.done')
    .map(({ item }) => item as JsonObject)
}

export const EVENTS = answerTo(1).length

interface OnSocket extends Omit<Case, 'only' | 'answer' | 'play'> {
  /** Default: `true`. */
  readonly webSocket?: ResilientClientOptions['webSocket']
  readonly play: (stage: SocketStage) => Promise<void>
}

/** A case of a client that uses WebSockets. */
export function onWebSocket({ webSocket = true, options, sockets, play, ...given }: OnSocket): Case {
  return {
    ...given,
    only: { on: 'sockets', because: 'a fake transport has no WebSockets' },
    answer: answerTo,
    options: { webSocket, ...options },
    sockets: { ...sockets, play },
  }
}

/** The caller saw the answer to the n-th request, and nothing else. */
export function expectAnswer({ face }: SocketStage, outcome: Outcome, request: number): void {
  expect(outcome.error).toBeUndefined()
  if (face !== 'create') expect(outcome.events).toEqual(answerTo(request))
  expect(outcome.response).toMatchObject({ id: `resp_${request}`, output: outputOf(request) })
}

/** A call with a signal that no other call has. */
export function callWith({ client, face, url }: SocketStage, signal: AbortSignal): Promise<Outcome> {
  return outcomeOf({ client, face, url, body: { model: 'm', input: 'hi' }, headers: {}, signal, forget: false })
}

/** How each request came, in order: `http`, or the number of its WebSocket. */
export function waysOf({ server }: SocketStage): Array<'http' | number> {
  return server.requests.map(({ socketNumber }) => socketNumber ?? 'http')
}

/** The body of the n-th request, or its message. */
export function bodyOf({ server }: SocketStage, request: number): JsonObject {
  return (server.requests[request - 1]?.json ?? {}) as JsonObject
}

/** What the model was given with each request is what the caller sent. */
export function expectContext({ server }: SocketStage, request: number, input: readonly JsonObject[]): void {
  const record = server.requests[request - 1]
  expect(record && server.contextOf(record)).toEqual(input)
}

/** The named error in the typed API; an answer of 400 that says so from the drop-in. */
export function expectLost(stage: SocketStage, { error, failure, status, text }: Outcome): void {
  if (stage.face !== 'fetch') {
    expect(error).toBeInstanceOf(PreviousResponseNotFoundError)
  } else if (error === undefined) {
    expect(status).toBe(400)
    expect(text).toContain('previous_response_not_found')
  } else {
    expect(failure).toBeInstanceOf(PreviousResponseNotFoundError)
  }
}

/** A conversation that its caller keeps whole, as stateless agents do. */
export class Conversation {
  readonly stage: SocketStage
  readonly fields: JsonObject
  history: JsonObject[] = []

  constructor(stage: SocketStage, fields: JsonObject = {}) {
    this.stage = stage
    this.fields = fields
  }

  /** Sends all of it and a further message; keeps the output of the answer. */
  async turn(text: string, more: JsonObject = {}): Promise<Outcome> {
    this.history.push({ role: 'user', content: text })
    const outcome = await this.stage.call({ store: false, input: [...this.history], ...this.fields, ...more })
    const output = outcome.response?.output
    if (Array.isArray(output)) this.history.push(...(output as JsonObject[]))
    return outcome
  }

  /** Whether the last request told the endpoint only what was new. */
  get wasIncremental(): boolean {
    return bodyOf(this.stage, this.stage.server.requests.length).previous_response_id !== undefined
  }
}
