import { type JsonObject, textStream } from '../../streams.ts'
import type { MockRequest } from '../records.ts'

/** The answer to `generate: false`: created and completed, without output. */
export function prewarmStream(request: MockRequest, body: JsonObject): readonly JsonObject[] {
  const events = textStream({
    id: `resp_mock_${request.number}`,
    deltas: [],
    model: typeof body.model === 'string' ? body.model : undefined,
    previousResponseId: typeof body.previous_response_id === 'string' ? body.previous_response_id : null,
    store: body.store !== false,
    usage: { inputTokens: request.inputTokens, outputTokens: 0 },
    response: { output: [] },
  })
  const kept = events.filter(({ type }) => type === 'response.created' || type === 'response.completed')
  return kept.map((event, sequence_number) => ({ ...event, sequence_number }))
}
