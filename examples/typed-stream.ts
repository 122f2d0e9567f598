/**
 * A tool loop without an SDK. It streams the text of each turn, runs the tools that the model calls, and keeps what came before a break.
 *
 * A turn that dies before output is sent again by the client. A tool runs only after its turn is complete, so never with half of its
 * arguments, and never twice for one call.
 */
import {
  explain,
  type FunctionCall,
  type ResilientClient,
  ResponseFailedError,
  type ResponseInputItem,
  StreamInterruptedError,
} from 'resilient-responses'

export interface Tool {
  readonly name: string
  readonly description: string
  /** JSON Schema of the arguments. */
  readonly parameters: Record<string, unknown>
  run(args: unknown): Promise<string>
}

export interface Question {
  readonly model: string
  readonly input: string
  readonly tools?: readonly Tool[]
  /** Most turns of the model. Default 8. */
  readonly maxTurns?: number
}

export interface Answer {
  readonly text: string
  /** Why the answer is not complete. */
  readonly problem?: string | undefined
}

export async function streamAnswer(
  client: ResilientClient,
  { model, input, tools = [], maxTurns = 8 }: Question,
  onText: (delta: string) => void = () => {},
): Promise<Answer> {
  const declared = tools.map(({ name, description, parameters }) => {
    return { type: 'function' as const, name, description, parameters }
  })
  const history: ResponseInputItem[] = [{ role: 'user', content: input }]
  for (let turn = 0; turn < maxTurns; turn++) {
    const stream = client.responses.stream({ model, input: history, tools: declared })
    try {
      for await (const event of stream) {
        if (event.type === 'response.output_text.delta') onText(event.delta)
      }
      const response = await stream.finalResponse()
      if (response.status === 'incomplete') {
        return { text: response.output_text, problem: response.incomplete_details?.reason }
      }
      const calls = response.output.filter((item) => item.type === 'function_call')
      if (calls.length === 0) return { text: response.output_text }
      history.push(...response.output, ...(await Promise.all(calls.map((call) => resultOf(call, tools)))))
    } catch (error) {
      // The stream broke after output, or the endpoint reported a failure: what came before is in `partial`.
      if (!(error instanceof StreamInterruptedError || error instanceof ResponseFailedError)) throw error
      return { text: error.partial?.text ?? '', problem: explain(error) }
    }
  }
  throw new Error(`no answer after ${maxTurns} turns`)
}

async function resultOf({ call_id, name, arguments: args }: FunctionCall, tools: readonly Tool[]) {
  const tool = tools.find((one) => one.name === name)
  const output = tool === undefined ? `unknown tool ${name}` : await tool.run(JSON.parse(args))
  return { type: 'function_call_output' as const, call_id, output }
}
