import { type Failure, failure } from '../errors/failure.ts'

const BY_OBJECT: ReadonlyMap<unknown, string> = new Map([
  ['chat.completion', 'Chat Completions'],
  ['chat.completion.chunk', 'Chat Completions'],
  ['text_completion', 'Completions'],
])

/**
 * The API of an answer or a first event, if it is another one than Responses. `undefined` for everything else. Pure.
 */
export function otherApiOf(json: unknown): string | undefined {
  if (typeof json !== 'object' || json === null) return undefined
  const { object, type, choices, candidates, stop_reason, content } = json as Readonly<Record<string, unknown>>
  const named = BY_OBJECT.get(object)
  if (named !== undefined) return named
  if (type === 'message_start') return 'Anthropic Messages'
  if (type === 'message' && stop_reason !== undefined && Array.isArray(content)) return 'Anthropic Messages'
  // The Responses API gives every event a type.
  if (typeof type === 'string') return undefined
  if (Array.isArray(choices)) return 'Chat Completions'
  return Array.isArray(candidates) ? 'Gemini' : undefined
}

/** Never retried: the endpoint would answer in the same format again. */
export function otherApi(name: string): Failure {
  const message = `The answer looks like ${name}, which is another API: a call to …/responses needs an endpoint that has the Responses API. Set baseURL to one, or send the call to the address of the other API.`
  return failure('unexpected_content', message, { lane: undefined })
}
