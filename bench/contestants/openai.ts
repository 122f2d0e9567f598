import OpenAI from 'openai'
import type { Contestant } from '../contract.ts'

/** The `openai` SDK, on the fetch that is given or on its default one. */
export function openaiOn(fetch: typeof globalThis.fetch | undefined): Contestant {
  const sdk = new OpenAI({
    apiKey: 'sk-bench',
    baseURL: 'http://127.0.0.1',
    maxRetries: 0,
    ...(fetch ? { fetch } : {}),
  })
  return {
    async events(url) {
      const stream = await sdk
        .withOptions({ baseURL: url })
        .responses.create({ model: 'bench', input: 'hi', stream: true })
      let events = 0
      for await (const event of stream) if (event.type !== undefined) events++
      return events
    },
  }
}
