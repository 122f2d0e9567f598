/**
 * An agent with a main route and an auxiliary task on one client.
 *
 * The main route streams and may take long. Compressing the history must not: it gets 20 s per attempt and one retry,
 * through a view of the same client. When an attempt is cut, its connection and its cached client are evicted and the
 * retry gets new ones. Neither the main stream nor later calls are affected.
 */
import type { ResilientClient } from 'resilient-responses'

export interface AgentOptions {
  readonly model: string
  /** Limit of one attempt of the compression task. Milliseconds, default 20 000. */
  readonly compressionStaleMs?: number
}

export function createAgent(client: ResilientClient, { model, compressionStaleMs = 20_000 }: AgentOptions) {
  const auxiliary = client.withOptions({ timeouts: { staleMs: compressionStaleMs }, maxRetries: 1 })
  return {
    /** Streams an answer. Returns its text when it is complete. */
    async answer(input: string, onText: (delta: string) => void = () => {}): Promise<string> {
      const stream = client.responses.stream({ model, input })
      for await (const event of stream) {
        if (event.type === 'response.output_text.delta') onText(event.delta)
      }
      return stream.outputText()
    },

    /** Returns a shorter history, or the unchanged history if the task fails, so that the agent can continue. */
    async compress(history: string): Promise<string> {
      try {
        const response = await auxiliary.responses.create({ model, instructions: 'Summarise.', input: history })
        return response.output_text
      } catch {
        return history
      }
    },

    /** Returns a fact worth remembering for the next session. */
    async memorise(fact: string): Promise<string> {
      return (await auxiliary.responses.create({ model, instructions: 'Store this.', input: fact })).output_text
    },
  }
}
