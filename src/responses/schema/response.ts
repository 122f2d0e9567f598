import type { ResponseInstructionItem } from './input-items.ts'
import type { ResponseOutputItem } from './output-items.ts'
import type { PromptTemplate, ReasoningSettings, ServiceTier, TextFormat } from './settings.ts'
import type { Tool, ToolChoice } from './tools.ts'

/** The status of a response. The last four are final. */
export type ResponseStatus = 'queued' | 'in_progress' | 'completed' | 'failed' | 'incomplete' | 'cancelled'

/**
 * A response: the final one, and the snapshots in lifecycle events. Declares what the API promises. Gateways omit much
 * of it, so do not rely on anything but `id` unless you know the endpoint.
 */
export interface ResponseObject {
  /** Some gateways change it between the events of one stream. */
  id: string
  object: 'response'
  /** Seconds since the Unix epoch. */
  created_at: number
  completed_at?: number | null
  status?: ResponseStatus
  /** Why the status is `failed`. */
  error: ResponseError | null
  /** Why the status is `incomplete`. */
  incomplete_details: { reason?: 'max_output_tokens' | 'max_messages' | 'content_filter' | 'steered' } | null
  /** The items, in order. */
  output: ResponseOutputItem[]
  /**
   * All text of all messages. The endpoint sends no such field: it exists on responses returned by this library, not on
   * snapshots in events.
   */
  output_text: string
  /**
   * The endpoint's id of the request, from the header `x-request-id` or a similar one: quote it to the endpoint's
   * support. It exists on responses returned by this library, is not enumerable, and is absent if the endpoint gave
   * none.
   */
  requestId?: string
  /** `null` on the wire until the response is over. */
  usage?: ResponseUsage
  model: string
  instructions: string | ResponseInstructionItem[] | null
  previous_response_id?: string | null
  conversation?: { id: string } | null
  metadata: Record<string, string> | null
  background?: boolean | null
  store?: boolean | null
  /** The tier that served it. `auto` in the request becomes the actual tier. */
  service_tier?: ServiceTier
  tools: Tool[]
  tool_choice: ToolChoice
  parallel_tool_calls: boolean
  max_tool_calls?: number | null
  max_output_tokens?: number | null
  reasoning?: ReasoningSettings | null
  text?: { format?: TextFormat; verbosity?: 'low' | 'medium' | 'high' | null }
  temperature: number | null
  top_p: number | null
  top_logprobs?: number | null
  truncation?: 'auto' | 'disabled' | null
  prompt?: PromptTemplate | null
  prompt_cache_key?: string | null
  prompt_cache_retention?: 'in_memory' | '24h' | null
  prompt_cache_options?: { mode: 'implicit' | 'explicit'; ttl: '30m' | '12h'; comparison_response_id?: string | null }
  prompt_cache_diagnostics?: PromptCacheDiagnostics
  moderation?: { input: ModerationOutcome; output: ModerationOutcome } | null
  tool_usage?: ToolUsage
  image?: { context_compression: 'enabled' | 'disabled' }
  access_programs: { cyber: 'standard' | 'daybreak_blue' | 'daybreak_red' } | null
  safety_identifier?: string | null
  /** Replaced by `safety_identifier` and `prompt_cache_key`. Also `null` on the wire. */
  user?: string
}

/** Token counts, on which the price is based. */
export interface ResponseUsage {
  input_tokens: number
  input_tokens_details: {
    /** Input tokens that were read from the prompt cache. */
    cached_tokens: number
    /** Input tokens that were written to the prompt cache. Older endpoints omit it. */
    cache_write_tokens: number
    cache_write_tokens_details?: { ttl_12h_tokens: number; ttl_30m_tokens: number }
  }
  output_tokens: number
  output_tokens_details: {
    /** Output tokens of reasoning. */
    reasoning_tokens: number
  }
  total_tokens: number
}

/** Why a response failed. */
export interface ResponseError {
  /** Documented codes. Endpoints send others, too, e.g. `insufficient_quota`. */
  code: ResponseErrorCode
  message: string
  param?: string | null
  type?: string | null
  misalignment?: {
    /** Known: `potentially_unintended_data_transfer`, `…_data_access`, `…_destructive_activity`, `other`. */
    error_type?: string
    detailed_explanation?: string
    review_target?: string | null
    steer?: { message: string }
  }
}

/** Documented codes of `response.error`. */
export type ResponseErrorCode =
  | 'server_error'
  | 'rate_limit_exceeded'
  | 'vector_store_timeout'
  | 'invalid_prompt'
  | 'data_residency_mismatch'
  | 'bio_policy'
  | 'misalignment_policy_violation'
  | ImageErrorCode

type ImageErrorCode =
  | 'invalid_image'
  | 'invalid_image_format'
  | 'invalid_image_mode'
  | 'invalid_image_url'
  | 'invalid_base64_image'
  | 'image_too_large'
  | 'image_too_small'
  | 'image_file_too_large'
  | 'image_file_not_found'
  | 'image_parse_error'
  | 'image_content_policy_violation'
  | 'unsupported_image_media_type'
  | 'empty_image_file'
  | 'failed_to_download_image'

/** Whether the prompt cache could be used, compared with an earlier response. */
export type PromptCacheDiagnostics =
  | { type: 'cache_hit' }
  | { type: 'comparison_response_not_found' }
  | { type: 'unavailable' }
  | {
      type: 'cache_miss'
      cache_missed_tokens: number
      comparison_reusable_tokens?: number
      reason:
        | 'model_changed'
        | 'prompt_cache_key_changed'
        | 'tools_changed'
        | 'text_format_changed'
        | 'reasoning_effort_changed'
        | 'verbosity_changed'
        | 'context_compacted'
        | 'input_changed'
        | 'service_tier_changed'
    }

/** The result of moderation, or the error that prevented it. */
export type ModerationOutcome =
  | { type: 'error'; code: string; message: string }
  | {
      type: 'moderation_result'
      model: string
      flagged: boolean
      categories: Record<string, boolean>
      category_scores: Record<string, number>
      category_applied_input_types: Record<string, ('text' | 'image')[]>
    }

/** The cost of hosted tools in addition to the response's own tokens. */
export interface ToolUsage {
  image_gen: {
    input_tokens: number
    input_tokens_details: { image_tokens: number; text_tokens: number }
    output_tokens: number
    output_tokens_details?: { image_tokens: number; text_tokens: number }
    cached_tokens?: number
    cached_tokens_details?: { cached_image_tokens: number; cached_text_tokens: number }
    total_tokens: number
  }
  web_search: { num_requests: number }
}
