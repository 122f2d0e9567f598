import { findResilientError, type ResilientClient, type ResilientError } from '../../../src/index.ts'
import type { JsonObject } from '../../../src/testing/index.ts'

/** `stream` and `create` of the typed API, and the drop-in. */
export const FACES = ['stream', 'create', 'fetch'] as const
export type Face = (typeof FACES)[number]

/** What a call came to, for its caller. */
export interface Outcome {
  /** Events that were seen; `create` shows none. */
  readonly events: readonly JsonObject[]
  /** The final response, if there was one. */
  readonly response: JsonObject | undefined
  readonly error: unknown
  /** The error of this library in it. */
  readonly failure: ResilientError | undefined
  /** Of the drop-in. */
  readonly status: number | undefined
  readonly text: string | undefined
  readonly headers: Readonly<Record<string, string>> | undefined
}

export interface Call {
  readonly client: ResilientClient
  readonly face: Face
  readonly url: string
  readonly body: JsonObject
  readonly headers: Record<string, string>
  readonly signal: AbortSignal
  /** Nothing of what comes is kept. */
  readonly forget: boolean
}

/** Makes one call through a face, and tells what its caller sees of it. Never rejects. */
export async function outcomeOf({ client, face, url, body, headers, signal, forget }: Call): Promise<Outcome> {
  const events: JsonObject[] = []
  let response: JsonObject | undefined
  let answer: Response | undefined
  let text: string | undefined
  let error: unknown
  try {
    if (face === 'create') response = plain(await client.responses.create(body, { signal, headers }))
    if (face === 'stream') {
      const stream = client.responses.stream(body, { signal, headers })
      for await (const event of stream) if (!forget) events.push(plain(event))
      response = plain(await stream.finalResponse())
    }
    if (face === 'fetch') {
      answer = await client.fetch(`${url}/v1/responses`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ stream: true, ...body }),
        signal,
      })
      text = ''
      const decoder = new TextDecoder()
      for await (const chunk of answer.body ?? [])
        if (!forget) text += decoder.decode(chunk as Uint8Array, { stream: true })
    }
  } catch (thrown) {
    error = thrown
  }
  return {
    events: text === undefined ? events : eventsOf(text),
    response: error === undefined ? (response ?? responseOf(text)) : undefined,
    error,
    failure: error === undefined ? undefined : findResilientError(error),
    status: answer?.status,
    text,
    headers: answer && Object.fromEntries(answer.headers),
  }
}

/** A typed value as the JSON that it is. */
function plain(value: object): JsonObject {
  return value as JsonObject
}

/** The events in the bytes of a stream; half a frame at the end is none. */
export function eventsOf(text: string): JsonObject[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .flatMap((frame) => {
      const data = frame.split('\n').find((line) => line.startsWith('data: '))
      return data === undefined ? [] : [JSON.parse(data.slice(6)) as JsonObject]
    })
}

function responseOf(text: string | undefined): JsonObject | undefined {
  const last = text === undefined ? undefined : eventsOf(text).at(-1)
  return last?.response as JsonObject | undefined
}
