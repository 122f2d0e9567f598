/** The body of a request that creates a response. */

import type { McpCallGiven, ResponseInputItem } from './input-items.ts'
import type { PromptTemplate, ReasoningSettings, ServiceTier, TextFormat } from './settings.ts'
import type { FunctionTool, Tool, ToolChoice } from './tools.ts'

/**
 * The body of a request. It is sent unchanged, except for `stream`. Undeclared fields may be added, because gateways
 * have their own, and the endpoint reports what it does not know. No value is checked at run time. A field whose name
 * differs by one edit from a declared one is reported once as `request_problem`, and sent anyway.
 */
export type ResponseCreateParams = ResponseCreateFields | (ResponseCreateFields & { readonly [field: string]: unknown })

/** The fields that the API documents. All are optional; defaults are those of the endpoint. */
export interface ResponseCreateFields {
  /** The model, for example `gpt-5.2`. */
  readonly model?: string | undefined
  /**
   * The input of the model: a text, or items. For the next turn without `previous_response_id`, send the items of
   * `response.output` unchanged, each call followed by its result.
   */
  readonly input?: string | ReadonlyArray<ResponseInputItem | McpCallGiven> | undefined
  /** The system or developer message before the input. `previous_response_id` does not carry it to the next turn. */
  readonly instructions?: string | null | undefined
  /** The response that this one continues. The endpoint must have stored it. Not together with `conversation`. */
  readonly previous_response_id?: string | null | undefined
  /** The conversation that the response belongs to, by its id. Not together with `previous_response_id`. */
  readonly conversation?: string | { readonly id: string } | null | undefined
  /**
   * How long the model reasons, and what it shows of its reasoning. With `effort: 'medium'` and above the automatic
   * deadlines are longer, see `TimeoutOptions.ttfbMs`.
   */
  readonly reasoning?: ReasoningSettings | null | undefined
  /** Format and length of the text. */
  readonly text?: TextSettings | undefined
  /** The tools that the model may call. */
  readonly tools?: ReadonlyArray<Tool | ShortFunctionTool> | undefined
  /** Which tool the model may or must call. Default `'auto'`. */
  readonly tool_choice?: ToolChoice | undefined
  /** Whether the model may call several tools at a time. Default true. */
  readonly parallel_tool_calls?: boolean | null | undefined
  /** The most calls of hosted tools within the response, over all tools. From 1; default: no limit. */
  readonly max_tool_calls?: number | null | undefined
  /**
   * The most tokens of output, including reasoning. A response that reaches the limit is `incomplete`. Default: the
   * model's limit.
   */
  readonly max_output_tokens?: number | null | undefined
  /** Additions to the output that are omitted by default. */
  readonly include?: ReadonlyArray<Includable | (string & {})> | null | undefined
  /**
   * Whether the endpoint keeps the response, to be retrieved or continued. Default true. Required, together with
   * `background`, for a stream that can be resumed.
   */
  readonly store?: boolean | null | undefined
  /**
   * Whether the response is created in the background. Default false. `create()` then returns the queued response at
   * once. `stream()` resumes a broken stream if `store` is also true.
   */
  readonly background?: boolean | null | undefined
  /** Set by the method: `stream()` refuses `false`, `create()` refuses `true`. Leave it out. */
  readonly stream?: boolean | null | undefined
  /** How the stream is sent. */
  readonly stream_options?: { readonly include_obfuscation?: boolean | undefined } | null | undefined
  /** Randomness of the output, 0 to 2. Default 1. Change this or `top_p`, not both. */
  readonly temperature?: number | null | undefined
  /** Only the tokens with this share of the probability are considered, 0 to 1. Default 1. */
  readonly top_p?: number | null | undefined
  /** How many of the most likely tokens are reported for each position, 0 to 20. Default 0. */
  readonly top_logprobs?: number | null | undefined
  /**
   * `'auto'` drops the oldest items when the input is too long. With `'disabled'` (default) the endpoint answers 400.
   */
  readonly truncation?: 'auto' | 'disabled' | null | undefined
  /** When the endpoint compresses the conversation, and how. Known `type`: `compaction`. */
  readonly context_management?:
    | ReadonlyArray<{ readonly type: string; readonly compact_threshold?: number | null | undefined }>
    | null
    | undefined
  /** A prompt that is stored at the endpoint, with its variables. */
  readonly prompt?: PromptTemplate | null | undefined
  /** Requests with the same key are routed to where their common prefix is cached. */
  readonly prompt_cache_key?: string | null | undefined
  /** How the beginning of the input is cached. */
  readonly prompt_cache_options?: PromptCacheSettings | undefined
  /**
   * The longest time for which a cached prefix may be kept.
   *
   * @deprecated Use `prompt_cache_options.ttl`.
   */
  readonly prompt_cache_retention?: 'in_memory' | '24h' | null | undefined
  /** Priority and price. Default `'auto'`. With `'flex'` the automatic deadlines are longer. */
  readonly service_tier?: ServiceTier | undefined
  /** Moderation of the input and of the output. */
  readonly moderation?: ModerationSettings | null | undefined
  /** How images of the input are treated. */
  readonly image?: { readonly context_compression?: 'auto' | 'enabled' | 'disabled' | undefined } | undefined
  /** Programs that give access to models of a domain. */
  readonly access_programs?: { readonly cyber?: 'standard' | 'daybreak_blue' | 'daybreak_red' | undefined } | undefined
  /** At most 16 pairs that are stored with the response. Names up to 64 characters, values up to 512. */
  readonly metadata?: Readonly<Record<string, string>> | null | undefined
  /** An anonymous id of your user, for example a hash. At most 128 characters. */
  readonly safety_identifier?: string | null | undefined
  /**
   * An id of your user.
   *
   * @deprecated Use `safety_identifier`, and `prompt_cache_key` for caching.
   */
  readonly user?: string | undefined
}

/** What `include` takes. */
export type Includable =
  | 'reasoning.encrypted_content'
  | 'message.output_text.logprobs'
  | 'message.input_image.image_url'
  | 'file_search_call.results'
  | 'web_search_call.results'
  | 'web_search_call.action.sources'
  | 'code_interpreter_call.outputs'
  | 'computer_call_output.output.image_url'

/** The form of the text. */
export interface TextSettings {
  readonly format?: TextFormat | undefined
  /** Default `'medium'`. */
  readonly verbosity?: 'low' | 'medium' | 'high' | null | undefined
}

/** A short form of a function tool: the response has the fields that are missing here. */
export type ShortFunctionTool = Omit<FunctionTool, 'parameters' | 'strict'> &
  Partial<Pick<FunctionTool, 'parameters' | 'strict'>>

/** What is cached of the input, and for how long. */
export interface PromptCacheSettings {
  /** `'implicit'` (default): the endpoint chooses where the cached prefix ends, in addition to given breakpoints. */
  readonly mode?: 'implicit' | 'explicit' | undefined
  /** The shortest time for which it is kept. Default `'30m'`. */
  readonly ttl?: '30m' | '12h' | undefined
  /** Whether to fill the cache only, and generate nothing. Default false. */
  readonly prewarm?: boolean | undefined
  /** A response to compare with, to diagnose the cache. */
  readonly comparison_response_id?: string | null | undefined
}

/** Which model moderates, and whether it blocks. */
export interface ModerationSettings {
  /** For example `omni-moderation-latest`. */
  readonly model: string
  readonly policy?:
    | {
        readonly input?: { readonly mode: 'score' | 'block' } | null | undefined
        readonly output?: { readonly mode: 'score' | 'block' } | null | undefined
      }
    | null
    | undefined
}
