/** What messages are made of: the parts of input, the parts of output, and what hangs on them. */

/** A part of what the model said. */
export type OutputPart = OutputText | Refusal

/** A part of an item's content, as `response.content_part.*` announces and closes it. */
export type ContentPart = OutputPart | ReasoningText

/** A part of what the model was given. */
export type InputPart = InputText | InputImage | InputFile

/** Text for the user. */
export interface OutputText {
  type: 'output_text'
  text: string
  /** Sources of the text, each with its place in it. */
  annotations: Annotation[]
  /** Only where the request asked for `message.output_text.logprobs`. */
  logprobs?: Logprob[]
}

/** The model's words for why it will not answer. */
export interface Refusal {
  type: 'refusal'
  refusal: string
}

/** The reasoning itself, where the model shows it. */
export interface ReasoningText {
  type: 'reasoning_text'
  text: string
}

/** A summary of reasoning that is not shown. */
export interface SummaryText {
  type: 'summary_text'
  text: string
}

/** Where a piece of text comes from. `switch` on `type`. */
export type Annotation = FileCitation | UrlCitation | ContainerFileCitation | FilePath

/** A file of a vector store or of the input. */
export interface FileCitation {
  type: 'file_citation'
  file_id: string
  filename: string
  /** Its place in the list of files. */
  index: number
}

/** A page of the web. Indexes count characters of the part's text. */
export interface UrlCitation {
  type: 'url_citation'
  url: string
  title: string
  start_index: number
  end_index: number
}

/** A file that a tool left in its container. Indexes count characters of the part's text. */
export interface ContainerFileCitation {
  type: 'container_file_citation'
  container_id: string
  file_id: string
  filename: string
  start_index: number
  end_index: number
}

/** A file that can be fetched. */
export interface FilePath {
  type: 'file_path'
  file_id: string
  index: number
}

/** One token, how likely it was, and what else could have stood there. */
export interface Logprob extends TokenLogprob {
  top_logprobs: TokenLogprob[]
}

/** A token with its UTF-8 bytes. */
export interface TokenLogprob {
  token: string
  bytes: number[]
  logprob: number
}

/** The shorter form that text events carry. */
export interface EventLogprob {
  token: string
  logprob: number
  top_logprobs?: { token?: string; logprob?: number }[]
}

/** Ends the prefix that shall be cached. */
export interface PromptCacheBreakpoint {
  mode: 'explicit'
  ttl?: '30m' | '12h'
}

/** Text from the user, the developer or the system. */
export interface InputText {
  type: 'input_text'
  text: string
  prompt_cache_breakpoint?: PromptCacheBreakpoint
}

/** How closely the model looks at an image. */
export type ImageDetail = 'low' | 'high' | 'auto' | 'original'

/** An image, by URL (`data:` too) or by the id of a file. */
export interface InputImage {
  type: 'input_image'
  detail: ImageDetail
  file_id?: string | null
  image_url?: string | null
  prompt_cache_breakpoint?: PromptCacheBreakpoint
}

/** A file: by its id, by URL, or base64 in `file_data`. */
export interface InputFile {
  type: 'input_file'
  detail?: 'auto' | 'low' | 'high'
  file_data?: string
  file_id?: string | null
  file_url?: string
  filename?: string
  prompt_cache_breakpoint?: PromptCacheBreakpoint
}
