/**
 * A typed stream without an SDK, with tools, and with everything that can go wrong.
 */
import {
  explain,
  type FunctionCall,
  type ResilientClient,
  ResponseFailedError,
  type ResponseInputItem,
  type ResponseOutputItem,
  StreamInterruptedError,
} from 'resilient-responses'

export interface TurnResult {
  readonly text: string
  /** Complete tool calls. Those of a broken stream are not among them: their arguments may be cut. */
  readonly calls: readonly FunctionCall[]
  /** Why the turn is not complete. */
  readonly problem?: string | undefined
}

export async function streamTurn(
  client: ResilientClient,
  { model, input }: { readonly model: string; readonly input: string | ResponseInputItem[] },
  onText: (delta: string) => void = () => {},
): Promise<TurnResult> {
  const stream = client.responses.stream({ model, input })
  try {
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') onText(event.delta)
    }
    const response = await stream.finalResponse()
    const calls = response.output.filter((item): item is FunctionCall => item.type === 'function_call')
    const problem = response.status === 'incomplete' ? response.incomplete_details?.reason : undefined
    return { text: response.output_text, calls, problem }
  } catch (error) {
    // The stream broke after output, or the endpoint reported a failure: what came before is in `partial`.
    if (!(error instanceof StreamInterruptedError || error instanceof ResponseFailedError)) throw error
    const finished = (error.partial?.finishedItems ?? []) as readonly ResponseOutputItem[]
    const calls = finished.filter((item): item is FunctionCall => item.type === 'function_call')
    return { text: error.partial?.text ?? '', calls, problem: explain(error) }
  }
}
