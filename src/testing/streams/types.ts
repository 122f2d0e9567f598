/** One event of a Responses stream, as the `data:` of an SSE frame holds it. */
export interface StreamEvent {
  readonly type: string
  /** Rises by 1 from 0 over the whole stream. */
  readonly sequence_number: number
  readonly [field: string]: unknown
}

/** Plain JSON. */
export type JsonObject = Readonly<Record<string, unknown>>

/** What the builders have in common. */
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
  /** `true`: the stream starts as `queued` and holds a `response.queued` event. Default: `false`. */
  readonly background?: boolean | undefined
  /** How many `keepalive` events stand between `response.in_progress` and the first item. Default: 0. */
  readonly keepalives?: number | undefined
  /** Tokens. Defaults: 10 of input, one of output per delta, none cached, none of reasoning. */
  readonly usage?: StreamUsage | undefined
  /** Further fields of every `response` snapshot, e.g. `{ tools, metadata, service_tier: 'flex' }`. They win. */
  readonly response?: JsonObject | undefined
}

/** Tokens, as `usage` of the last snapshot reports them. */
export interface StreamUsage {
  readonly inputTokens?: number | undefined
  readonly cachedTokens?: number | undefined
  readonly outputTokens?: number | undefined
  readonly reasoningTokens?: number | undefined
}

export interface ToolCall {
  readonly name: string
  /** A string goes out as it is, JSON or not; anything else as its JSON. */
  readonly arguments: unknown
  /** Default: derived from the id of the response. */
  readonly callId?: string | undefined
}
