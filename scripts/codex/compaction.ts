import { type JsonObject, textStream, toolCallStream } from '../../src/testing/index.ts'
import type { MockRequest } from '../../src/testing/server.ts'

/** Above this many tokens Codex has the history compacted. */
const TOKEN_LIMIT = 100_000

/** For the top of `config.toml`. */
export const COMPACTS = `model_auto_compact_token_limit = ${TOKEN_LIMIT}`

interface Item {
  readonly type?: string
}

function itemsOf({ json }: MockRequest): readonly Item[] {
  const { input } = (json ?? {}) as { readonly input?: readonly Item[] }
  return Array.isArray(input) ? input : []
}

/** Codex asks for a compaction by the last item, at the address of every other request. */
export function asksForCompaction(request: MockRequest): boolean {
  return itemsOf(request).at(-1)?.type === 'compaction_trigger'
}

/** The turn continues from what the compaction has returned. */
export function isCompacted(request: MockRequest): boolean {
  return itemsOf(request).some(({ type }) => type === 'compaction')
}

/** The first answer uses more tokens than the limit, so the history is compacted within the turn. */
export function withCompaction(request: MockRequest): readonly JsonObject[] {
  const id = `resp_mock_${request.number}`
  if (asksForCompaction(request)) return compactionStream(id)
  if (isCompacted(request)) return textStream({ id })
  const events = toolCallStream({ id, calls: [{ name: 'get_goal', arguments: {} }] })
  return events.map((event) =>
    event.type === 'response.completed'
      ? { ...event, response: { ...(event.response as JsonObject), usage: usageOf(3 * TOKEN_LIMIT) } }
      : event,
  )
}

function compactionStream(id: string): readonly JsonObject[] {
  const item = { type: 'compaction', id: 'cmp_1', encrypted_content: 'compacted' }
  const response = { id, object: 'response', created_at: 1, model: 'gpt-5.5' }
  return [
    { type: 'response.created', sequence_number: 0, response: { ...response, status: 'in_progress', output: [] } },
    { type: 'response.output_item.added', sequence_number: 1, output_index: 0, item },
    { type: 'response.output_item.done', sequence_number: 2, output_index: 0, item },
    {
      type: 'response.completed',
      sequence_number: 3,
      response: { ...response, status: 'completed', output: [item], usage: usageOf(100) },
    },
  ]
}

function usageOf(tokens: number): JsonObject {
  return {
    input_tokens: tokens,
    output_tokens: 10,
    total_tokens: tokens + 10,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens_details: { reasoning_tokens: 0 },
  }
}
