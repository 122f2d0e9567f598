import { flag, section, text, whole } from '../../core/rule-kinds.ts'
import type { AnyRules, Rule, Rules } from '../../core/rules.ts'
import { shown } from '../../core/shown.ts'
import { checkUsage, object } from '../usage.ts'
import type { JsonObject, StreamEvent, StreamOptions, StreamUsage, ToolCall } from './types.ts'

const tokens: Rule<number> = {
  vocabulary: true,
  accepts: 'a number of tokens, 0 or more',
  test: (value) => typeof value === 'number' && value >= 0,
}

const RULES = {
  id: text('a text'),
  model: text('a text'),
  createdAt: { vocabulary: true, accepts: 'seconds since the Unix epoch', test: (value) => Number.isFinite(value) },
  previousResponseId: { accepts: 'a text or null', test: (value) => value === null || typeof value === 'string' },
  store: flag,
  background: flag,
  keepalives: whole(0),
  usage: section({
    inputTokens: tokens,
    cachedTokens: tokens,
    outputTokens: tokens,
    reasoningTokens: tokens,
  } satisfies Rules<StreamUsage>),
  response: object,
} satisfies Rules<StreamOptions>

/** Numbers the events and collects the finished items. */
export class StreamWriter {
  readonly events: StreamEvent[] = []
  readonly #options: StreamOptions
  readonly #suffix: string
  readonly #output: JsonObject[] = []
  #items = 0
  #deltas = 0

  /** @param own options of this builder, in addition to the common ones. */
  constructor(options: StreamOptions, own: AnyRules = {}) {
    if (typeof options !== 'object' || options === null) {
      throw new TypeError(`the options of a stream are ${shown(options)}; expected an object, e.g. { text: 'hi' }`)
    }
    checkUsage('the options of a stream', options, { ...own, ...RULES })
    this.#options = options
    this.#suffix = (options.id ?? 'resp_test').replace(/^resp_/, '')
    const status = options.background ? 'queued' : 'in_progress'
    this.push('response.created', { response: this.#snapshot({ status }) })
    if (options.background) this.push('response.queued', { response: this.#snapshot({ status }) })
    this.push('response.in_progress', { response: this.#snapshot({ status: 'in_progress' }) })
    for (let sent = 0; sent < (options.keepalives ?? 0); sent++) this.push('keepalive', {})
  }

  push(type: string, fields: JsonObject): void {
    this.events.push({ type, sequence_number: this.events.length, ...fields })
  }

  message(deltas: readonly string[], status: 'completed' | 'incomplete' = 'completed'): void {
    const { item, at } = this.unfinishedMessage(deltas)
    const part = { type: 'output_text', annotations: [], logprobs: [], text: deltas.join('') }
    this.push('response.output_text.done', { ...at, text: part.text, logprobs: [] })
    this.push('response.content_part.done', { ...at, part })
    this.#finish({ ...item, status, content: [structuredClone(part)] })
  }

  /** A message up to its last delta, not finished. */
  unfinishedMessage(deltas: readonly string[]): { item: JsonObject; at: JsonObject } {
    const item = { id: this.#itemId('msg'), type: 'message', status: 'in_progress', content: [], role: 'assistant' }
    const at = { item_id: item.id, output_index: this.#items, content_index: 0 }
    this.#add(item)
    const part = { type: 'output_text', annotations: [], logprobs: [], text: '' }
    this.push('response.content_part.added', { ...at, part })
    this.#push('response.output_text.delta', deltas, { ...at, logprobs: [] })
    return { item, at }
  }

  reasoning(deltas: readonly string[], encryptedContent: string | undefined): void {
    const encrypted = encryptedContent === undefined ? {} : { encrypted_content: encryptedContent }
    const item = { id: this.#itemId('rs'), type: 'reasoning', ...encrypted, summary: [] as JsonObject[] }
    const at = { item_id: item.id, output_index: this.#items, summary_index: 0 }
    this.#add(item)
    this.push('response.reasoning_summary_part.added', { ...at, part: { type: 'summary_text', text: '' } })
    this.#push('response.reasoning_summary_text.delta', deltas, at)
    const part = { type: 'summary_text', text: deltas.join('') }
    this.push('response.reasoning_summary_text.done', { ...at, text: part.text })
    this.push('response.reasoning_summary_part.done', { ...at, part })
    this.#finish({ ...item, summary: [{ ...part }] })
  }

  toolCall(call: ToolCall): void {
    const text = typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments)
    const id = this.#itemId('fc')
    const call_id = call.callId ?? this.#itemId('call')
    const item = { id, type: 'function_call', status: 'in_progress', arguments: '', call_id, name: call.name }
    const at = { item_id: id, output_index: this.#items }
    this.#add(item)
    this.#push('response.function_call_arguments.delta', pieces(text, 8), at)
    this.push('response.function_call_arguments.done', { ...at, arguments: text })
    this.#finish({ ...item, status: 'completed', arguments: text })
  }

  end(type: string, fields: JsonObject): StreamEvent[] {
    const output = structuredClone(this.#output)
    const last = { output, usage: this.#usage(), service_tier: 'default', ...fields }
    this.push(type, { response: this.#snapshot(last) })
    return this.events
  }

  #push(type: string, deltas: readonly string[], at: JsonObject): void {
    for (const delta of deltas) this.push(type, { ...at, delta })
    this.#deltas += deltas.length
  }

  #add(item: JsonObject): void {
    this.push('response.output_item.added', { output_index: this.#items, item })
  }

  #finish(item: JsonObject): void {
    this.push('response.output_item.done', { output_index: this.#items, item })
    this.#output.push(item)
    this.#items++
  }

  #itemId(prefix: string): string {
    return `${prefix}_${this.#suffix}_${this.#items}`
  }

  #usage(): JsonObject {
    const {
      inputTokens = 10,
      outputTokens = this.#deltas,
      cachedTokens = 0,
      reasoningTokens = 0,
    } = this.#options.usage ?? {}
    return {
      input_tokens: inputTokens,
      input_tokens_details: { cached_tokens: cachedTokens },
      output_tokens: outputTokens,
      output_tokens_details: { reasoning_tokens: reasoningTokens },
      total_tokens: inputTokens + outputTokens,
    }
  }

  #snapshot(fields: JsonObject): JsonObject {
    const options = this.#options
    return {
      id: options.id ?? 'resp_test',
      object: 'response',
      created_at: options.createdAt ?? 1_750_000_000,
      status: 'in_progress',
      background: options.background ?? false,
      error: null,
      incomplete_details: null,
      instructions: null,
      max_output_tokens: null,
      max_tool_calls: null,
      model: options.model ?? 'gpt-5.2',
      output: [],
      parallel_tool_calls: true,
      previous_response_id: options.previousResponseId ?? null,
      prompt_cache_key: null,
      prompt_cache_retention: null,
      reasoning: { effort: null, summary: null },
      safety_identifier: null,
      service_tier: 'auto',
      store: options.store ?? true,
      temperature: 1,
      text: { format: { type: 'text' }, verbosity: 'medium' },
      tool_choice: 'auto',
      tools: [],
      top_logprobs: 0,
      top_p: 1,
      truncation: 'disabled',
      usage: null,
      user: null,
      metadata: {},
      ...fields,
      ...options.response,
    }
  }
}

/** Splits into pieces of at most `length` characters, without cutting a surrogate pair. */
function pieces(text: string, length: number): string[] {
  const characters = [...text]
  return Array.from({ length: Math.ceil(characters.length / length) }, (_, index) =>
    characters.slice(index * length, (index + 1) * length).join(''),
  )
}
