import { type JsonObject, textStream } from '../streams.ts'
import { asObject } from './create.ts'
import type { MockRequest } from './records.ts'

/** The default answer: repeats the last text of the input. */
export function echoStream(request: MockRequest): readonly JsonObject[] {
  const body = asObject(request.json) ?? {}
  const { tools, metadata, instructions, reasoning } = body
  const given = Object.entries({ tools, metadata, instructions, reasoning }).filter(([, value]) => value !== undefined)
  return textStream({
    id: `resp_mock_${request.number}`,
    text: echoText(body.input),
    model: typeof body.model === 'string' ? body.model : undefined,
    previousResponseId: typeof body.previous_response_id === 'string' ? body.previous_response_id : null,
    store: body.store !== false,
    background: body.background === true,
    usage: { inputTokens: request.inputTokens },
    response: Object.fromEntries(given),
  })
}

export function echoText(input: unknown): string {
  return `You said: ${lastText(input) ?? 'nothing'}`
}

function lastText(input: unknown): string | undefined {
  if (typeof input === 'string') return input
  if (Array.isArray(input)) {
    return input.map(lastText).findLast((text) => text !== undefined)
  }
  const item = asObject(input)
  return item === undefined ? undefined : lastText(item.text ?? item.content)
}
