/**
 * An agent of @openai/agents on this client.
 *
 * The runner gets an `OpenAI` client of ours, with its retries turned off. Tracing to the vendor is off, because it would
 * make further calls, to another address.
 */
import { Agent, OpenAIProvider, Runner, type Tool } from '@openai/agents'
import OpenAI from 'openai'
import { ResilientClient, type ResilientClientOptions } from 'resilient-responses'

export interface AgentOptions {
  readonly model: string
  readonly instructions: string
  readonly tools?: Tool[]
  readonly baseURL?: string
  readonly apiKey?: string
  readonly client?: ResilientClientOptions
}

export function createAgent({ model, instructions, tools = [], baseURL, apiKey, client: options }: AgentOptions) {
  const client = new ResilientClient({ streamFailure: 'sse_error', ...options })
  const openAIClient = new OpenAI({ fetch: client.fetch, maxRetries: 0, timeout: 3_600_000, baseURL, apiKey })
  const modelProvider = new OpenAIProvider({ openAIClient, useResponses: true })
  const runner = new Runner({ modelProvider, tracingDisabled: true })
  const agent = new Agent({ name: 'assistant', model, instructions, tools })
  return {
    client,
    async run(input: string): Promise<string> {
      const result = await runner.run(agent, input, { stream: true })
      await result.completed
      return String(result.finalOutput)
    },
  }
}
