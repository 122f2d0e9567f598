/**
 * The AI SDK on this client.
 *
 * `streamFailure: 'sse_error'` ends a broken stream with an error event, on which `streamRetries` of the AI SDK act.
 * `maxRetries: 0` belongs into each call.
 */
import { createOpenAI } from '@ai-sdk/openai'
import { streamText } from 'ai'
import { ResilientClient, type ResilientClientOptions } from 'resilient-responses'

export interface ChatOptions {
  readonly model: string
  readonly baseURL?: string
  readonly apiKey?: string
  readonly client?: ResilientClientOptions
}

export function createChat({ model, baseURL, apiKey, client: options }: ChatOptions) {
  const client = new ResilientClient({ streamFailure: 'sse_error', ...options })
  const provider = createOpenAI({ fetch: client.fetch, ...(baseURL && { baseURL }), ...(apiKey && { apiKey }) })
  return {
    client,
    /** Streams an answer piece by piece. Throws what the SDK made of a failure. */
    async *answer(prompt: string, abortSignal?: AbortSignal): AsyncGenerator<string> {
      let failure: unknown
      const { textStream } = streamText({
        model: provider(model),
        prompt,
        maxRetries: 0,
        ...(abortSignal && { abortSignal }),
        onError: ({ error }) => {
          failure = error
        },
      })
      yield* textStream
      if (failure !== undefined) throw failure
    },
  }
}
