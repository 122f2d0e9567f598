/** One event of a Responses stream, as the `data:` of an SSE frame holds it. */
export interface StreamEvent {
  readonly type: string
  /** From 0, increasing by 1 over the whole stream. */
  readonly sequence_number: number
  readonly [field: string]: unknown
}

/** Plain JSON. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Options of all builders. */
export interface StreamOptions {
  /** Default: `'resp_test'`. The ids of the items are derived from it. */
  readonly id?: string | undefined
  /** Default: `'gpt-5.2'`. */
  readonly model?: string | undefined
  /** Seconds since the Unix epoch. Default: 1750000000, so that streams can be compared. */
  readonly createdAt?: number | undefined
  /** Default: `null`. */
  readonly previousResponseId?: string | null | undefined
  /** Default: `true`. */
  readonly store?: boolean | undefined
  /** `true`: the stream starts as `queued` and has a `response.queued` event. Default: `false`. */
  readonly background?: boolean | undefined
  /** Number of `keepalive` events between `response.in_progress` and the first item. Default: 0. */
  readonly keepalives?: number | undefined
  /** Tokens. Defaults: 10 input, one output per delta, none cached, none for reasoning. */
  readonly usage?: StreamUsage | undefined
  /**
   * Further fields of every `response` snapshot, e.g. `{ tools, metadata, service_tier: 'flex' }`. They override
   * others.
   */
  readonly response?: JsonObject | undefined
}

/** Tokens in `usage` of the last snapshot. */
export interface StreamUsage {
  readonly inputTokens?: number | undefined
  readonly cachedTokens?: number | undefined
  readonly outputTokens?: number | undefined
  readonly reasoningTokens?: number | undefined
}

/** A function call that the model makes. */
export interface ToolCall {
  readonly name: string
  /** A string is sent as it is, even if it is not JSON. Any other value is sent as JSON. */
  readonly arguments: unknown
  /** Default: derived from the id of the response. */
  readonly callId?: string | undefined
}
