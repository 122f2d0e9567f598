/**
 * Builders of correct Responses streams, as plain event objects. Deterministic: the same options give the same events,
 * byte for byte.
 *
 * ```ts
 * const events = textStream({ text: 'Hello world' })
 * events.at(-1)?.type // 'response.completed'
 * const bytes = toSSE(events)
 * ```
 */

import { oneOf, text } from '../core/rule-kinds.ts'
import type { Rules } from '../core/rules.ts'
import { StreamWriter } from './streams/stream-writer.ts'
import type { JsonObject, StreamEvent, StreamOptions, ToolCall } from './streams/types.ts'
import { list, texts } from './usage.ts'

export type { JsonObject, StreamEvent, StreamOptions, StreamUsage, ToolCall } from './streams/types.ts'

const word = text('a text')

/** The text of a message. `deltas` overrides `text`. */
export interface TextOptions extends StreamOptions {
  /** Default: `'Hello from the mock model.'`. */
  readonly text?: string | undefined
  /** One `response.output_text.delta` each. Default: the words of `text`. */
  readonly deltas?: readonly string[] | undefined
}

/**
 * One message: `response.created`, `response.in_progress`, `response.output_item.added`, `response.content_part.added`,
 * the deltas, `response.output_text.done`, `response.content_part.done`, `response.output_item.done`, `response.completed`.
 */
export function textStream(options: TextOptions = {}): StreamEvent[] {
  const writer = new StreamWriter(options, { text: word, deltas: texts })
  writer.message(textDeltas(options))
  return writer.end('response.completed', { status: 'completed' })
}

/** Options of `reasoningStream()`. */
export interface ReasoningOptions extends StreamOptions {
  /** The reasoning summary. Default: `'**Thinking** about the question.'`. */
  readonly summary?: string | undefined
  /** `encrypted_content` of the reasoning item. Default: none. */
  readonly encryptedContent?: string | undefined
  /** The message after the reasoning. Default: `''`, no message: a reasoning-only stream. */
  readonly text?: string | undefined
}

/** A reasoning item with its summary (`response.reasoning_summary_part.*`, `response.reasoning_summary_text.*`). */
export function reasoningStream(options: ReasoningOptions = {}): StreamEvent[] {
  const writer = new StreamWriter(options, { summary: word, encryptedContent: word, text: word })
  writer.reasoning(words(options.summary ?? '**Thinking** about the question.'), options.encryptedContent)
  if (options.text) writer.message(words(options.text))
  return writer.end('response.completed', { status: 'completed' })
}

/** Options of `toolCallStream()`. */
export interface ToolCallOptions extends StreamOptions {
  /** Default: one call of `get_weather` with `{ city: 'Paris' }`. */
  readonly calls?: readonly ToolCall[] | undefined
}

const CALL = {
  name: { ...word, required: true },
  arguments: { accepts: 'a text, or a value to send as JSON', test: (value) => value !== undefined, required: true },
  callId: word,
} satisfies Rules<ToolCall>

/** Function calls only, with their arguments in deltas of at most 8 characters. */
export function toolCallStream(options: ToolCallOptions = {}): StreamEvent[] {
  const writer = new StreamWriter(options, { calls: { ...list, each: CALL } })
  for (const call of options.calls ?? [{ name: 'get_weather', arguments: { city: 'Paris' } }]) writer.toolCall(call)
  return writer.end('response.completed', { status: 'completed' })
}

/** Options of `failedStream()`. */
export interface FailedOptions extends StreamOptions {
  /** Default: `'server_error'`. */
  readonly code?: string | undefined
  /** Default: `'The model failed to generate a response.'`. */
  readonly message?: string | undefined
  /** The `type` of the `error` event. Default: the code. */
  readonly errorType?: string | undefined
  /**
   * Whether an `error` event reports the failure. `'none'` (default): only `response.failed`; `'before_failed'`: both,
   * as real streams do; `'only'`: only the `error` event.
   */
  readonly errorEvent?: 'none' | 'before_failed' | 'only' | undefined
  /** Deltas of a message that the failure leaves unfinished. Default: none, so it fails in the prelude. */
  readonly deltas?: readonly string[] | undefined
}

/** A response that fails: `response.failed`, an `error` event, or both. Has no finished items. */
export function failedStream(options: FailedOptions = {}): StreamEvent[] {
  const { code = 'server_error', message = 'The model failed to generate a response.', errorEvent = 'none' } = options
  const writer = new StreamWriter(options, {
    code: word,
    message: word,
    errorType: word,
    errorEvent: oneOf('none', 'before_failed', 'only'),
    deltas: texts,
  })
  if (options.deltas?.length) writer.unfinishedMessage(options.deltas)
  if (errorEvent !== 'none') {
    writer.push('error', { error: { type: options.errorType ?? code, code, message, param: null } })
  }
  if (errorEvent === 'only') return writer.events
  return writer.end('response.failed', { status: 'failed', error: { code, message }, usage: null })
}

/** Options of `incompleteStream()`. */
export interface IncompleteOptions extends TextOptions {
  /** Default: `'max_output_tokens'`. */
  readonly reason?: string | undefined
}

/** A message cut off by a limit: the status of its item and of the response is `incomplete`. */
export function incompleteStream(options: IncompleteOptions = {}): StreamEvent[] {
  const writer = new StreamWriter(options, { text: word, deltas: texts, reason: word })
  writer.message(textDeltas(options), 'incomplete')
  const reason = options.reason ?? 'max_output_tokens'
  return writer.end('response.incomplete', { status: 'incomplete', incomplete_details: { reason } })
}

/** `event: <type>`, `data: <json>` and a blank line. */
export function sseFrame(event: JsonObject): string {
  const name = typeof event.type === 'string' ? `event: ${event.type}\n` : ''
  return `${name}data: ${JSON.stringify(event)}\n\n`
}

/** All frames of a stream as one text. */
export function toSSE(events: readonly JsonObject[]): string {
  return events.map(sseFrame).join('')
}

function textDeltas({ deltas, text = 'Hello from the mock model.' }: TextOptions): readonly string[] {
  return deltas ?? words(text)
}

/** Splits into words, each with the space after it. */
function words(text: string): string[] {
  return text.match(/\s*\S+\s*/gu) ?? (text === '' ? [] : [text])
}
