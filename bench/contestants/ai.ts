import { createOpenAI } from '@ai-sdk/openai'
import { streamText } from 'ai'
import type { Contestant } from '../contract.ts'
import { EVENTS_AROUND } from '../streams.ts'

/** The AI SDK, on the given fetch or on its default one. It converts events to its own parts. */
export function aiOn(fetch: typeof globalThis.fetch | undefined): Contestant {
  return {
    async events(url) {
      const provider = createOpenAI({ baseURL: url, apiKey: 'sk-bench', ...(fetch ? { fetch } : {}) })
      const { fullStream } = streamText({ model: provider.responses('bench'), prompt: 'hi', maxRetries: 0 })
      let events = 0
      for await (const part of fullStream) {
        if (part.type === 'error') throw part.error
        if (part.type === 'text-delta') events++
      }
      return events + EVENTS_AROUND
    },
  }
}
