/** The endpoint's words, as `UpstreamError` keeps them. */
export interface UpstreamWords {
  readonly status?: number | undefined
  readonly upstreamCode?: string | undefined
  readonly type?: string | undefined
  readonly param?: string | undefined
  readonly upstreamMessage?: string | undefined
  readonly advice?: string | undefined
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>> | undefined
}
