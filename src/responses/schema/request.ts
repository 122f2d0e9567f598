/** The body of a request that makes a response. */

import type { ResponseInputItem } from './input-items.ts'
import type { ResponseOutputItem } from './output-items.ts'
import type { PromptTemplate, ReasoningSettings, ServiceTier, TextFormat } from './settings.ts'
import type { FunctionTool, Tool, ToolChoice } from './tools.ts'

/**
 * The body of a request, as the endpoint takes it. It goes out as it is; only `stream` is set. Fields that are not declared
 * may be added: gateways have their own, and the endpoint says what it does not know. No value is checked at run time. A
 * field whose name is one edit away from a declared one is told once, as `request_problem`, and sent all the same.
 */
export type ResponseCreateParams = ResponseCreateFields | (ResponseCreateFields & { readonly [field: string]: unknown })

/** The fields that the API documents. All may be left out; defaults are the endpoint's. */
export interface ResponseCreateFields {
  /** The model, for example `gpt-5.2`. */
  readonly model?: string | undefined
  /**
   * What the model is given: a text, or items. For the next turn without `previous_response_id` give back the items of
   * `response.output` as they are, and the result of each call behind it.
   */
  readonly input?: string | ReadonlyArray<ResponseInputItem | ResponseOutputItem> | undefined
  /** The system or developer message in front of the input. It is not carried on by `previous_response_id`. */
  readonly instructions?: string | null | undefined
  /** The response that this one continues; the endpoint must have stored it. Not together with `conversation`. */
  readonly previous_response_id?: string | null | undefined
  /** The conversation that the response belongs to, by its id. Not together with `previous_response_id`. */
  readonly conversation?: string | { readonly id: string } | null | undefined
  /**
   * How long the model thinks, and what it shows of that. With `effort: 'medium'` and above the automatic deadlines are
   * longer, see `TimeoutOptions.ttfbMs`.
   */
  readonly reasoning?: ReasoningSettings | null | undefined
  /** What the text must look like, and how long it should be. */
  readonly text?: TextSettings | undefined
  /** The tools that the model may call. */
  readonly tools?: ReadonlyArray<Tool | ShortFunctionTool> | undefined
  /** Which tool the model may or must call. Default `'auto'`. */
  readonly tool_choice?: ToolChoice | undefined
  /** Whether the model may call several tools at a time. Default true. */
  readonly parallel_tool_calls?: boolean | null | undefined
  /** Most calls of hosted tools within the response, all tools together. From 1; default: no limit. */
  readonly max_tool_calls?: number | null | undefined
  /** Most tokens of output, reasoning included; a response that reaches it is `incomplete`. Default: the model's limit. */
  readonly max_output_tokens?: number | null | undefined
  /** What is added to the output that is left out by default. */
  readonly include?: ReadonlyArray<Includable | (string & {})> | null | undefined
  /**
   * Whether the endpoint keeps the response, to be retrieved or continued. Default true. Needed, with `background`, for a
   * stream that is resumed where it broke.
   */
  readonly store?: boolean | null | undefined
  /**
   * Whether the response is made in the background. Default false. `create()` then returns the queued response at once;
   * `stream()` resumes a stream that broke where `store` is true too.
   */
  readonly background?: boolean | null | undefined
  /** Set by the method: `stream()` refuses `false`, `create()` refuses `true`. Leave it out. */
  readonly stream?: boolean | null | undefined
  /** How the stream is sent. */
  readonly stream_options?: { readonly include_obfuscation?: boolean | undefined } | null | undefined
  /** Randomness of the choice of tokens, 0 to 2. Default 1. Change this or `top_p`, not both. */
  readonly temperature?: number | null | undefined
  /** Only the tokens that make up this share of the probability are chosen from, 0 to 1. Default 1. */
  readonly top_p?: number | null | undefined
  /** How many of the likeliest tokens are reported for each place, 0 to 20. Default 0. */
  readonly top_logprobs?: number | null | undefined
  /** `'auto'` drops the oldest items when the input is too long; `'disabled'` (default) is refused with 400 then. */
  readonly truncation?: 'auto' | 'disabled' | null | undefined
  /** When the endpoint compresses the conversation, and how. Known `type`: `compaction`. */
  readonly context_management?:
    | ReadonlyArray<{ readonly type: string; readonly compact_threshold?: number | null | undefined }>
    | null
    | undefined
  /** A prompt that is stored at the endpoint, and what to fill in. */
  readonly prompt?: PromptTemplate | null | undefined
  /** Requests with the same key are sent where their common beginning is cached. */
  readonly prompt_cache_key?: string | null | undefined
  /** How the beginning of the input is cached. */
  readonly prompt_cache_options?: PromptCacheSettings | undefined
  /**
   * How long a cached beginning may be kept at most.
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
  /** At most 16 pairs that are kept with the response; names up to 64 characters, values up to 512. */
  readonly metadata?: Readonly<Record<string, string>> | null | undefined
  /** An id of your user that tells nothing about the person, for example a hash. At most 128 characters. */
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

/** A function of the caller in short: what a request may leave out, a response has. */
export type ShortFunctionTool = Omit<FunctionTool, 'parameters' | 'strict'> &
  Partial<Pick<FunctionTool, 'parameters' | 'strict'>>

/** What is cached of the input, and for how long. */
export interface PromptCacheSettings {
  /** `'implicit'` (default): the endpoint chooses where the cached beginning ends, beside the breakpoints that are given. */
  readonly mode?: 'implicit' | 'explicit' | undefined
  /** How long it is kept at least. Default `'30m'`. */
  readonly ttl?: '30m' | '12h' | undefined
  /** Only fills the cache; nothing is generated. Default false. */
  readonly prewarm?: boolean | undefined
  /** A response to compare with, where the cache is to be diagnosed. */
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
