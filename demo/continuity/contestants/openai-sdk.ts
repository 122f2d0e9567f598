import OpenAI from 'openai'
import type { Response, ResponseCreateParamsStreaming } from 'openai/resources/responses/responses'
import { type Answer, CALL_HEADER, type Contestant, GIVE_UP_MS } from '../contestant.ts'

/**
 * The `openai` SDK alone, on its own fetch with its own two retries, and with `previous_response_id` as in its
 * documentation. The SDK retries only before headers. To the SDK a stream that ends too early is complete. This agent
 * notices that, which not every agent does.
 */
export function openaiSdk(baseURL: string): Contestant {
  // The environment must not change the result, neither by a key nor by a log setting.
  const openai = new OpenAI({
    baseURL,
    apiKey: 'sk-demo',
    organization: null,
    project: null,
    timeout: GIVE_UP_MS,
    logLevel: 'off',
  })
  return {
    name: 'openai SDK alone',
    async ask(request, call, signal) {
      const body = { ...request, stream: true } as unknown as ResponseCreateParamsStreaming
      const stream = await openai.responses.create(body, { headers: { [CALL_HEADER]: call }, signal })
      let response: Response | undefined
      for await (const event of stream) if (event.type === 'response.completed') response = event.response
      if (response === undefined) throw new Error('the stream ended without response.completed')
      return response as unknown as Answer
    },
    close: async () => {},
  }
}
