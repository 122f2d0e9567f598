/**
 * A tool loop with the openai SDK, on the fetch of this client.
 *
 * The loop is the usual one. What the client adds is below it: a turn that dies before output is sent again, and a turn
 * that breaks after output throws. A tool therefore runs only when its call is complete.
 */
import OpenAI from 'openai'
import { ResilientClient, type ResilientClientOptions } from 'resilient-responses'

export interface Tool {
  readonly name: string
  readonly description: string
  /** JSON Schema of the arguments. */
  readonly parameters: Record<string, unknown>
  run(args: unknown): Promise<string>
}

export interface ToolLoopOptions {
  readonly model: string
  readonly tools: readonly Tool[]
  readonly baseURL?: string
  readonly apiKey?: string
  /** Most turns of the model. Default 8. */
  readonly maxTurns?: number
  readonly client?: ResilientClientOptions
}

export function createToolLoop({ model, tools, baseURL, apiKey, maxTurns = 8, client: options }: ToolLoopOptions) {
  const client = new ResilientClient(options)
  const openai = new OpenAI({ fetch: client.fetch, maxRetries: 0, timeout: 3_600_000, baseURL, apiKey })
  const declared = tools.map(({ name, description, parameters }) => {
    return { type: 'function' as const, name, description, parameters, strict: false }
  })

  return {
    client,
    /** Answers a question, with as many tool calls as the model wants. Returns the text. */
    async ask(question: string): Promise<string> {
      const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: question }]
      for (let turn = 0; turn < maxTurns; turn++) {
        const stream = await openai.responses.create({ model, input, tools: declared, stream: true })
        let response: OpenAI.Responses.Response | undefined
        for await (const event of stream) if (event.type === 'response.completed') response = event.response
        if (response === undefined) throw new Error('the response is not complete')
        const calls = response.output.filter((item) => item.type === 'function_call')
        if (calls.length === 0) return textOf(response)
        const results = await Promise.all(
          calls.map(async ({ call_id, name, arguments: args }) => {
            const tool = tools.find((one) => one.name === name)
            const output = tool === undefined ? `unknown tool ${name}` : await tool.run(JSON.parse(args))
            return { type: 'function_call_output' as const, call_id, output }
          }),
        )
        // What the endpoint sent is what it takes; the SDK has two types for it.
        input.push(...(response.output as OpenAI.Responses.ResponseInput), ...results)
      }
      throw new Error(`no answer after ${maxTurns} turns`)
    },
  }
}

function textOf({ output }: OpenAI.Responses.Response): string {
  const parts = output.flatMap((item) => (item.type === 'message' ? item.content : []))
  return parts.map((part) => (part.type === 'output_text' ? part.text : part.refusal)).join('')
}
